import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import pg from 'pg'
import { migrate } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open.ts'
import { ask } from '../test/postgres-ask.ts'

/** A database of Doorward's own schema, with a catalogue of two scopes and no keys. */
export async function makeDatabase(postgresUrl: string, name: string): Promise<string> {
  const url = await makeEmptyDatabase(postgresUrl, name)
  const database = await openDatabase({ databaseUrl: url })
  await migrate(database)
  await database.close()
  await ask(
    url,
    `insert into scopes (name, api_id, description, sensitivity, implies, created_at)
     select name, 'api_default', 'of the benchmark', 'basic', '{}', now()
     from unnest(array['orders:read', 'orders:write']) name`,
  )
  return url
}

export async function makeEmptyDatabase(postgresUrl: string, name: string): Promise<string> {
  await ask(postgresUrl, `drop database if exists ${name} with (force)`)
  await ask(postgresUrl, `create database ${name}`)
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  return url.href
}

/** New secrets of live keys, well-formed. Flat texts, as they come out of a header: minting leaves them as ropes. */
export function mintTexts(count: number): string[] {
  return Array.from({ length: count }, () => {
    const text = mintCredential('api_key', { environment: 'live' }).reveal()
    return Buffer.from(text, 'latin1').toString('latin1')
  })
}

/** Live keys of one owner that may read and write orders. The id of the key at `i` is `key_<i>`. */
export async function storeKeys(url: string, texts: readonly string[], ownerId = 'org_acme'): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('insert into owners (id, created_at) values ($1, now())', [ownerId])
  const hashes = texts.map((text) => Buffer.from(hashCredential(text), 'hex'))
  await client.query(
    `insert into keys (id, owner_id, name, environment, scopes, metadata, created_by, created_at)
     select 'key_' || i, $2, 'of the benchmark', 'live', '{orders:read,orders:write}', '{}', 'bench', now()
     from generate_series(0, $1::int - 1) i`,
    [texts.length, ownerId],
  )
  await client.query(
    `insert into secrets (hash, id, holder_id, hint, created_at)
     select hash, 'sec_' || i - 1, 'key_' || i - 1, 'sk_live_1234…', now()
     from unnest($1::bytea[]) with ordinality as given (hash, i)`,
    [hashes],
  )
  await client.query('analyze owners')
  await client.query('analyze keys')
  await client.query('analyze secrets')
  await client.end()
}
