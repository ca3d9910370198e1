import { hash } from 'node:crypto'
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createVerifier } from '@doorward/sdk/kernel'
import pg from 'pg'
import type { Bench } from './bench.ts'
import { openSource } from './doorward.ts'
import { makeDatabase } from './keys.ts'
import { compare, type Finding, figure, inFlight, interleaved, perSecond } from './measure.ts'

const SMALL = 10_000
const IN_FLIGHT = 256
const NEEDED_BYTES = 20e9

/** (h) Cold lookups in a table of 10 million keys, against one of 10 thousand. */
export async function tenMillion({ postgresUrl, quick, say }: Bench): Promise<readonly Finding[]> {
  const large = quick ? 50_000 : 10_000_000
  const free = statfsSync(tmpdir())
  if (!quick && free.bavail * free.bsize < NEEDED_BYTES)
    throw new Error(`needs ${NEEDED_BYTES / 1e9} GB in the directory for temporary files`)
  const smallUrl = await makeDatabase(postgresUrl, 'ten_thousand')
  const largeUrl = await makeDatabase(postgresUrl, 'ten_million')
  await fill(smallUrl, SMALL)
  say(`h: filling a table with ${large.toLocaleString('en-US')} keys`)
  const startedMs = performance.now()
  const bytes = await fill(largeUrl, large)
  const fillSeconds = (performance.now() - startedMs) / 1000

  const [small, big] = [await openSource(smallUrl), await openSource(largeUrl)]
  const ask = { scopes: ['orders:read'], environment: 'live', clientIp: '203.0.113.7' }
  const coldLookups =
    ({ source }: typeof small, keys: number) =>
    async () => {
      const verifier = createVerifier({ source, maxEntries: SMALL })
      const hashes = distinct(SMALL, keys).map((at) => hash('sha256', nameOf(at)))
      const seconds = await inFlight(IN_FLIGHT, SMALL, async (at) => {
        if (!(await verifier.verifyHash(hashes[at] ?? '', ask)).valid)
          throw new Error('a live key is refused')
      })
      verifier.close()
      return SMALL / seconds
    }
  const samples = await interleaved(quick ? 1 : 15, {
    large: coldLookups(big, large),
    small: coldLookups(small, SMALL),
  })
  await small.close()
  await big.close()
  const figures = `${perSecond(samples.large)} against ${perSecond(samples.small)}; ${(bytes / 1e9).toFixed(1)} GB with indexes`
  return [
    compare(
      `cold lookups with ${large.toLocaleString('en-US')} keys against ${SMALL.toLocaleString('en-US')}`,
      { one: samples.large, other: samples.small },
      figures,
      { atLeast: 0.7 },
    ),
    figure('filling that table', fillSeconds, 's', 'rows first, then the indexes of the real schema'),
  ]
}

/** The text that stands for a credential: Postgres and Node hash the same one. */
function nameOf(at: number): string {
  return `bench ${at}`
}

/**
 * Inserts so many keys of a thousand owners. Rows are inserted without indexes and WAL, then the schema's indexes are
 * built: a bulk load, not another schema. Ids are as long as real ones but ascend, which makes that much faster and
 * lookups no cheaper: the looked-up hashes, and so their keys, are scattered.
 */
async function fill(url: string, keys: number): Promise<number> {
  const id = (kind: string) => `'${kind}_' || lpad(to_hex(i), 8, '0') || 'abcdefghijkl'`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const run = (statement: string) => client.query(statement)
  await run(`set maintenance_work_mem = '1GB'`)
  await run(`set max_parallel_maintenance_workers = 2`)
  await run(`insert into owners (id, created_at) select 'org_' || i, now() from generate_series(0, 999) i`)
  for (const table of ['keys', 'secrets']) await run(`alter table ${table} set unlogged`)
  const indexes = await dropIndexes(client)
  await run(`
    insert into keys (id, owner_id, name, environment, scopes, metadata, created_by, created_at)
    select ${id('key')}, 'org_' || i % 1000, 'of the benchmark', 'live', '{orders:read,orders:write}',
      '{}', 'bench', timestamptz '2026-01-01' + i * interval '1 second'
    from generate_series(0, ${keys - 1}) i`)
  await run(`
    insert into secrets (hash, id, holder_id, hint, created_at)
    select sha256(convert_to('bench ' || i, 'UTF8')), ${id('sec')}, ${id('key')}, 'sk_live_1234…', timestamptz '2026-01-01' + i * interval '1 second'
    from generate_series(0, ${keys - 1}) i`)
  for (const statement of indexes) await run(statement)
  for (const table of ['owners', 'keys', 'secrets']) await run(`vacuum analyze ${table}`)
  await run('create extension pg_prewarm')
  for (const { name } of await relationsOf(client)) await run(`select pg_prewarm('${name}')`)
  const { rows } = await run('select pg_database_size(current_database()) as bytes')
  await client.end()
  return Number(rows[0].bytes)
}

/** Reads the tables and indexes of a lookup into memory, as in a table in constant use. */
async function relationsOf(client: pg.Client): Promise<readonly { name: string }[]> {
  const { rows } = await client.query(`
    select relname as name from pg_class
    where oid in ('keys'::regclass, 'secrets'::regclass, 'keys_by_id'::regclass, 'secrets_by_hash'::regclass)`)
  return rows
}

/** Drops the indexes and their constraints; returns the statements that create them again. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  const tables = `('keys'::regclass, 'secrets'::regclass)`
  const { rows: constraints } = await client.query(`
    select conrelid::regclass::text as of, conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint where conrelid in ${tables} and contype in ('p', 'u')`)
  for (const { of, name } of constraints)
    await client.query(`alter table ${of} drop constraint ${name} cascade`)
  const { rows: indexes } = await client.query(`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index where indrelid in ${tables}`)
  for (const { name } of indexes) await client.query(`drop index ${name}`)
  return [
    ...constraints.map(
      ({ of, name, definition }) => `alter table ${of} add constraint ${name} ${definition}`,
    ),
    ...indexes.map(({ definition }) => definition),
  ]
}

function distinct(count: number, below: number): number[] {
  const chosen = new Set<number>()
  if (count === below) return Array.from({ length: count }, (_, at) => at)
  while (chosen.size < count) chosen.add(Math.floor(Math.random() * below))
  return [...chosen]
}
