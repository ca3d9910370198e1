import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import pg from 'pg'
import { migrate } from '../src/db/migrate.ts'
import { openDatabase } from '../src/db/open.ts'
import { ask } from '../test/postgres-ask.ts'

/** A database with Doorward's schema, a catalogue of two scopes and no keys. */
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

/** New well-formed secrets of live keys. Flat strings, as from a header: minting leaves ropes. */
export function mintTexts(count: number): string[] {
  return Array.from({ length: count }, () => {
    const text = mintCredential('api_key', { environment: 'live' }).reveal()
    return Buffer.from(text, 'latin1').toString('latin1')
  })
}

/** The id of the key with an index: as long as a real one, since V8 treats short strings in JSON differently. */
export function keyIdAt(place: number): string {
  return `key_${String(place).padStart(20, '0')}`
}

/** Inserts live keys of one owner that may read and write orders. */
export async function storeKeys(url: string, texts: readonly string[], ownerId = 'org_acme'): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('insert into owners (id, created_at) values ($1, now())', [ownerId])
  const hashes = texts.map((text) => Buffer.from(hashCredential(text), 'hex'))
  await client.query(
    `insert into keys (id, owner_id, name, environment, scopes, metadata, created_by, created_at)
     select ${idOf('key')}, $2, 'of the benchmark', 'live', '{orders:read,orders:write}', '{}', 'bench', now()
     from generate_series(0, $1::bigint - 1) i`,
    [texts.length, ownerId],
  )
  await client.query(
    `insert into secrets (hash, id, holder_id, hint, created_at)
     select hash, ${idOf('sec')}, ${idOf('key')}, 'sk_live_1234…', now()
     from unnest($1::bytea[]) with ordinality as given (hash, n), lateral (select n - 1 as i)`,
    [hashes],
  )
  await client.query('analyze owners')
  await client.query('analyze keys')
  await client.query('analyze secrets')
  await client.end()
}

/** {@link keyIdAt} in SQL, for the index `i`. */
function idOf(kind: 'key' | 'sec'): string {
  return `'${kind}_' || lpad(i::text, 20, '0')`
}
