import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { ENGINE, type TestPlace, testPlace } from '../../test/database.ts'
import { ask } from '../../test/postgres-ask.ts'
import type { Database } from './database.ts'
import { type Migration, migrate, pendingMigrations } from './migrate.ts'
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
  const doing = (statement: string): Migration => ({
    up: async (db) => void (await sql`${sql.raw(statement)}`.execute(db)),
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
    for (const setting of ['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout'])
      await ask(url(), `alter database ${name} set ${setting} = '400ms'`)
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
