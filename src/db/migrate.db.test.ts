import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import {
  ENGINE,
  openTestDatabase,
  type TestDatabase,
  type TestPlace,
  testPlace,
} from '../../test/database.ts'
import { ask } from '../../test/postgres-ask.ts'
import type { Migration } from './apply-migration.ts'
import type { Database } from './database.ts'
import { MIGRATIONS, migrate, pendingMigrations } from './migrate.ts'
import { statementsOf } from './migration-statements.ts'
import { openDatabase } from './open.ts'

const onPostgres = { skip: ENGINE !== 'postgres' && 'the embedded database belongs to one process' }
const KYSELYS_LOCK = '3853314791062309107'

describe('migrations', () => {
  let place: TestPlace
  let database: Database
  let said: string[]
  beforeEach(async () => {
    place = await testPlace({ empty: true })
    database = await openDatabase(place.place)
    said = []
  })
  afterEach(async () => {
    await database.close()
    await place.release()
  })
  const url = () => place.env.DATABASE_URL ?? ''
  const doing = (statement: string) => ({
    up: async (db: Kysely<unknown>) => void (await sql`${sql.raw(statement)}`.execute(db)),
  })
  const tablesThere = async () => {
    const { rows } = await sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = 'public' and tablename not like 'kysely%'
      order by 1`.execute(database.db)
    return rows.map(({ name }) => name)
  }
  /** Migrates, runs an action at the first notice, and returns the applied migrations. */
  const migrateAndOnce = async (migrations: Record<string, Migration>, then: () => Promise<unknown>) => {
    let done: Promise<unknown> | undefined
    const notice = (_: string, message: string) => {
      if (/waiting|trying again/.test(message)) done ??= then()
      said.push(message)
    }
    const applied = await migrate(database, notice, migrations)
    await done
    return applied
  }
  const holding = async (statement: string) => {
    const client = new pg.Client(url())
    await client.connect()
    await client.query(`begin; ${statement}`)
    return { release: () => client.end() }
  }

  it('OPS-03: keep earlier migrations when a later one fails, and continue after them at the next start', async () => {
    const one = { '1': doing('create table one (id int)') }
    const broken = {
      ...one,
      '2': doing('create table one (id int)'),
      '3': doing('create table three (id int)'),
    }
    await assert.rejects(migrate(database, undefined, broken), /Migration 2 failed and was rolled back/)
    assert.deepEqual(await pendingMigrations(database.db, broken), ['2', '3'])
    assert.deepEqual(await tablesThere(), ['one'])
    const mended = { ...broken, '2': doing('create table two (id int)') }
    assert.deepEqual(await migrate(database, undefined, mended), ['2', '3'])
    assert.deepEqual(await tablesThere(), ['one', 'three', 'two'])
  })

  it('OPS-02: run without the time limits of the database, the role or requests', onPostgres, async () => {
    await database.close()
    const name = new URL(url()).pathname.slice(1)
    const settings = ['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout']
    // In one session, which began without them.
    await ask(url(), settings.map((setting) => `alter database ${name} set ${setting} = '400ms'`).join('; '))
    database = await openDatabase(place.place)
    const limits: unknown[] = []
    const slow: Migration = {
      up: async (db) => {
        const { rows } = await sql`
          select current_setting('statement_timeout') as statement,
            current_setting('idle_in_transaction_session_timeout') as idle, pg_sleep(1)`.execute(db)
        limits.push(rows[0])
      },
    }
    assert.deepEqual(await migrate(database, undefined, { slow }), ['slow'])
    assert.partialDeepStrictEqual(limits, [{ statement: '0', idle: '0' }])
  })

  it(
    'OPS-02: wait for another server that migrates, log that, and apply nothing twice',
    onPostgres,
    async () => {
      const first = await holding(`select pg_try_advisory_xact_lock(${KYSELYS_LOCK})`)
      const second = { a: doing('create table a (id int)') }
      const applied = await migrateAndOnce(second, async () => {
        assert.deepEqual(await tablesThere(), [])
        await ask(
          url(),
          'create table kysely_migration (name varchar(255) primary key, timestamp varchar(255))',
        )
        await ask(url(), "insert into kysely_migration values ('a', 'of the first')")
        await first.release()
      })
      assert.deepEqual([applied, await tablesThere()], [[], []])
      assert.deepEqual(said, ['another server migrates the database: waiting'])
    },
  )

  it('OPS-02: are run by one of three servers that start concurrently', onPostgres, async () => {
    const migrations = { a: doing('create table a (id int)'), b: doing('create table b (id int)') }
    const applied = await Promise.all([1, 2, 3].map(() => migrate(database, undefined, migrations)))
    assert.deepEqual(applied.flat(), ['a', 'b'])
  })

  it(
    'OPS-02: wait for a table in use in short turns, between which its requests are answered',
    onPostgres,
    async () => {
      await migrate(database, undefined, { a: doing('create table a (id int)') })
      const reader = await holding('lock table a in access share mode')
      const migrations = { a: doing(''), b: doing('alter table a add column more int') }
      const applied = await migrateAndOnce(migrations, async () => {
        await ask(url(), 'insert into a values (1)')
        await reader.release()
      })
      assert.deepEqual(applied, ['b'])
      assert.match(said[0] ?? '', /migration b needs a table that is in use: trying again/)
    },
  )

  it(
    'OPS-02: build large indexes without blocking writers, and again if one was left half built',
    onPostgres,
    async () => {
      const table = { a: doing('create table a (id int)') }
      await migrate(database, undefined, table)
      const writer = await holding('insert into a values (1)')
      const index = { up: doing('create index a_by_id on a (id)').up, concurrently: true }
      const building = migrate(database, undefined, { ...table, index })
      // It waits for current writers; later writers do not wait for it.
      while ((await stateOf('a_by_id')) === undefined);
      await ask(url(), 'insert into a values (2)')
      assert.equal(await stateOf('a_by_id'), false)
      await writer.release()
      assert.deepEqual(await building, ['index'])
      assert.equal(await stateOf('a_by_id'), true)

      await sql`update pg_index set indisvalid = false where indexrelid = 'a_by_id'::regclass`.execute(
        database.db,
      )
      await sql`delete from kysely_migration where name = 'index'`.execute(database.db)
      assert.deepEqual(await migrate(database, undefined, { ...table, index }), ['index'])
      assert.equal(await stateOf('a_by_id'), true)
    },
  )
  const stateOf = async (index: string) => {
    const { rows } = await sql<{ valid: boolean }>`
      select indisvalid as valid from pg_index where indexrelid = to_regclass(${index})`.execute(database.db)
    return rows[0]?.valid
  }

  it('build only indexes concurrently', onPostgres, async () => {
    const wrong = { up: doing('alter table keys add column more int').up, concurrently: true }
    await assert.rejects(migrate(database, undefined, { wrong }), (error: Error) => {
      assert.match(String(error.cause), /cannot be done outside of a transaction/)
      return true
    })
    await migrate(database)
    const { rows } = await sql<{ definition: string }>`
      select indexdef as definition from pg_indexes where indexname in ('secrets_by_hash', 'keys_by_id')
      order by 1`.execute(database.db)
    assert.deepEqual(
      rows.map(({ definition }) => definition.replace(/public\./, '')),
      [
        'CREATE INDEX keys_by_id ON keys USING hash (id)',
        'CREATE INDEX secrets_by_hash ON secrets USING hash (hash)',
      ],
    )
  })
})

/** Tables that stay small, so that a lock on them and a statement over all rows are short. */
const SMALL = [
  ...['admin_keys', 'apis', 'scopes', 'staff', 'policies', 'branding', 'clients', 'blocked_clients'],
  ...['audit_head', 'changes_head', 'audit_archived', 'changes', 'authorization_requests'],
]
const EXCEPTIONS: Readonly<Record<string, RegExp>> = {
  // Sums under new ids: no request waits for a row of them, and the table itself is not altered.
  '0027-usage-of-owners': /^insert into "?usage_/,
  '0029-usage-of-scopes': /^insert into "?(usage_|exercised_scopes)/,
}

/** Returns why a statement on a large table would make requests wait for as long as the table is large. */
function whyLong(statement: string): string | null {
  if (/^(update|delete from|insert into)\b/.test(statement)) return 'writes rows: give it to a backfill'
  if (/^create (unique )?index/.test(statement)) return 'builds an index: mark the migration `concurrently`'
  if (!/^alter table/.test(statement)) return null
  if (/\bset not null|\btype\b(?! text)/.test(statement)) return 'reads or rewrites the table'
  if (/\b(constraint|check|references|unique)\b/.test(statement) && !/not valid$/.test(statement))
    return 'reads the table: add the constraint as `not valid`'
  return /default (?!'|false|true|-?\d|null)/.test(statement) ? 'rewrites the table for its default' : null
}

describe('each migration', () => {
  it('OPS-02: makes requests wait only briefly, however large the tables are', async () => {
    const found: string[] = []
    for (const [name, migration] of Object.entries(MIGRATIONS)) {
      if ('fill' in migration) {
        for (const statement of await statementsOf((db) => migration.fill(db, '')))
          if (!/^(select .* limit|update|with)/s.test(statement)) found.push(`${name}: ${statement}`)
        continue
      }
      const statements = await statementsOf(migration.up)
      const tables = (pattern: RegExp) => new Set(statements.map((each) => pattern.exec(each)?.[1] ?? ''))
      const created = tables(/^create table "?(\w+)/)
      for (const statement of statements) {
        const table =
          /^(?:update|delete from|insert into|alter table|create (?:unique )?index (?:if not exists )?\w+ on) "?(\w+)/.exec(
            statement,
          )?.[1]
        if (table === undefined || created.has(table) || SMALL.includes(table)) continue
        if (migration.concurrently === true || EXCEPTIONS[name]?.test(statement)) continue
        const why = whyLong(statement.replaceAll(/\s+/g, ' '))
        if (why !== null) found.push(`${name} ${why}: ${statement}`)
      }
    }
    assert.deepEqual(found, [])
  })
})

/** Rows of each table, in three batches or more. */
const ROWS = 2_500
const BACKFILLS = [
  {
    name: '0021-ends-of-keys-there',
    unfill: ['update keys set ends_at = null'],
    ...{ table: 'keys', isEmpty: 'ends_at is null', key: 'id', inLastBatch: 500 },
    wrong: "ends_at is distinct from timestamptz '2031-01-01 00:00+00'",
    touch: "update keys set note = 'touched' where id = 'key_0001'",
  },
  {
    name: '0051-keys-of-refusals-there',
    unfill: ['update last_refusals set key_id = null, owner_id = null'],
    ...{ table: 'last_refusals', isEmpty: 'key_id is null', key: 'credential_id', inLastBatch: 100 },
    wrong: "'sec_' || key_id is distinct from credential_id or owner_id is distinct from 'org_1'",
    touch: "update last_refusals set ip = '192.0.2.1' where credential_id = 'sec_key_0001'",
  },
  {
    name: '0054-brought-scopes-there',
    unfill: [
      'alter table grants drop constraint grants_brought_known',
      'update grants set brought = null',
      "delete from kysely_migration where name = '0055-brought-scopes-known'",
    ],
    ...{ table: 'grants', isEmpty: 'brought is null', key: 'id', inLastBatch: 500 },
    wrong: "brought <> case when revoked_at is null then '{a:all a:one,a:all a:two}'::text[] else '{}' end",
    touch: "update grants set last_used_at = now() where id = 'grt_0001'",
  },
] as const

describe('backfills', () => {
  let own: TestDatabase
  const run = (statement: string) => sql`${sql.raw(statement)}`.execute(own.database.db)
  before(async () => {
    own = await openTestDatabase()
    const many = `generate_series(1, ${ROWS}) as n`
    const n = "lpad(n::text, 4, '0')"
    await run("insert into owners (id, created_at) values ('org_1', now())")
    await run(`
      insert into scopes (name, api_id, description, sensitivity, implies, created_at)
      select name, (select id from apis), '', 'basic', implies, now()
      from (values ('a:all', '{a:one}'::text[]), ('a:one', '{a:two}'), ('a:two', '{}')) as new (name, implies)`)
    await run(`
      insert into clients (
        id, owner_id, type, environment, source, name, grant_types, token_endpoint_auth_method, required_scopes,
        optional_scopes, client_credentials_scopes, first_party, testers, refresh_grace_seconds, created_by, created_at,
        suspended_by_provider
      ) values (
        'cli_1', null, 'public', 'live', 'registered', 'c', '{}', 'none', '{}', '{}', '{}', false, '{}', 0, 'adm_1', now(),
        false
      )`)
    await run(`
      insert into keys (id, owner_id, name, environment, scopes, metadata, created_by, created_at)
      select 'key_' || ${n}, 'org_1', 'k', 'live', '{}', '{}', 'adm_1', now() from ${many}`)
    await run(`
      insert into secrets (hash, id, holder_id, hint, created_at, expires_at)
      select sha256(id::bytea), 'sec_' || id, id, 'sk_live_abcd…', now(), '2031-01-01 00:00+00' from keys`)
    await run(`
      insert into last_refusals (credential_id, outcome, at)
      select 'sec_key_' || ${n}, 'revoked', now() from ${many}`)
    await run(`
      insert into grants (id, user_id, client_id, owner_id, scopes, shown, granted_at, consented_at, revoked_at)
      select 'grt_' || ${n}, 'usr_' || n, 'cli_1', 'org_1', '{a:all}', '{}', now(), now(),
        case when n % 5 = 0 then now() end
      from ${many}`)
  })
  after(() => own.close())

  for (const { name, unfill, table, isEmpty, key, inLastBatch, wrong, touch } of BACKFILLS)
    it(`OPS-02: ${name} goes on beside requests, which read and write the table meanwhile`, async () => {
      for (const statement of unfill) await run(statement)
      await run(`delete from kysely_migration where name = '${name}'`)
      const count = async (where: string) => {
        const { rows } = await sql<{ n: bigint }>`
          select count(*) as n from ${sql.table(table)} where ${sql.raw(where)}`.execute(own.database.db)
        return Number(rows[0]?.n)
      }
      assert.equal(await count(isEmpty), ROWS)

      // A request that holds the last row, so that the migration stands still before it. PGlite has one connection.
      const request = ENGINE === 'postgres' ? new pg.Client(own.env.DATABASE_URL ?? '') : null
      await request?.connect()
      await request?.query(`begin; select from ${table} order by ${key} desc limit 1 for update`)
      const migrating = migrate(own.database)
      if (request !== null) {
        while ((await count(isEmpty)) !== inLastBatch) await sleep(20)
        await run(touch)
        await request.query('commit')
        await request.end()
      }
      assert.ok((await migrating).includes(name))
      assert.deepEqual([await count(isEmpty), await count(wrong)], [0, 0])
    })
})
