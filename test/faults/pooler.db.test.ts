import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { ensureFirstAdminKey } from '../../src/admin-keys/first-admin-key.ts'
import { buildApp } from '../../src/app.ts'
import type { Database, OpenOptions } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { UnfitDatabaseError } from '../../src/db/session.ts'
import { openLog } from '../../src/http/log.ts'
import { DEFAULT_SETTINGS } from '../app.ts'
import { testClock } from '../clock.ts'
import { ENGINE, type TestPlace, testPlace } from '../database.ts'
import { eventually } from '../eventually.ts'
import { noPgbouncer, startPgbouncer, type TestPgbouncer } from '../pgbouncer.ts'
import { ask } from '../postgres-ask.ts'

describe('a connection pooler in transaction mode', {
  skip: ENGINE !== 'postgres' ? 'the embedded database has none' : noPgbouncer,
}, () => {
  let place: TestPlace
  let pooler: TestPgbouncer
  const direct = () => place.env.DATABASE_URL ?? ''
  const clock = testClock()
  before(async () => {
    place = await testPlace({ empty: true })
    pooler = await startPgbouncer(direct())
  })
  after(async () => {
    await pooler.stop()
    await place.release()
  })

  const said: string[] = []
  const open = (options: Partial<OpenOptions> = {}, directUrl?: string): Promise<Database> =>
    openDatabase(
      { databaseUrl: pooler.through(direct()), directUrl },
      { notice: (_, message) => said.push(message), ...options },
    )

  it('OPS-13: migrations run through it, one server at a time', async () => {
    const both = await Promise.all([open(), open()])
    const done = await Promise.all(both.map((each) => migrate(each)))
    assert.equal(done.flat().length, new Set(done.flat()).size)
    assert.ok(done.flat().includes('0012-hash-indexes'))
    assert.deepEqual(await migrate(both[0]), [])
    for (const each of both) await each.close()
  })

  it('OPS-13 KEY-10: two servers share its backends, no request fails, and a key that one revokes the other refuses', async (t) => {
    const databases = await Promise.all([open(), open()])
    const log = openLog('silent')
    const system = {
      actor: { kind: 'system', id: null },
      ip: null,
      requestId: null,
      now: clock.now(),
    } as const
    const first = await ensureFirstAdminKey(databases[0].db, system, null, null)
    assert.ok(first.outcome === 'made')
    const nodes = await Promise.all(
      databases.map((database) => buildApp({ database, clock, log, settings: DEFAULT_SETTINGS })),
    )
    t.after(async () => {
      for (const node of nodes) await node.close()
      for (const each of databases) await each.close()
    })
    const headers = { authorization: `Bearer ${first.secret.reveal()}` }
    const call = async (node: number, url: string, payload: object) => {
      const answer = await nodes[node]?.inject({ method: 'POST', url, headers, payload })
      return { status: answer?.statusCode, body: answer?.json() }
    }
    const asked = { owner_id: 'org_1', name: 'a key', environment: 'live', scopes: [] }
    const keys = await Promise.all(Array.from({ length: 24 }, (_, n) => call(n % 2, '/v1/keys', asked)))
    assert.deepEqual([...new Set(keys.map(({ status }) => status))], [201])
    const verified = await Promise.all(
      keys.flatMap(({ body }) =>
        [0, 1, 0, 1].map((node) => call(node, '/v1/verify', { credential: body.secret })),
      ),
    )
    assert.deepEqual(
      [...new Set(verified.map(({ status, body }) => `${status} ${body.valid}`))],
      ['200 true'],
    )
    const [{ body: ended }] = keys as [(typeof keys)[number]]
    assert.equal((await call(0, `/v1/keys/${ended.id}/revoke`, {})).status, 200)
    assert.equal((await call(0, '/v1/verify', { credential: ended.secret })).body.valid, false)
    const atTheOther = async () =>
      String((await call(1, '/v1/verify', { credential: ended.secret })).body.valid)
    await eventually(atTheOther, 'false')
    assert.ok(said.some((message) => /no notifications through a connection pooler/.test(message)))
  })

  it('OPS-13: a transaction sets its time limits, and leaves none behind on its backend', async () => {
    const database = await open()
    const limits = sql<Record<string, string>>`
      select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle`
    await database.db.transaction().execute(async (tx) => {
      assert.deepEqual((await limits.execute(tx)).rows, [{ statement: '10s', lock: '5s', idle: '10s' }])
    })
    for (let n = 0; n < 8; n++)
      assert.deepEqual((await limits.execute(database.db)).rows, [{ statement: '0', lock: '0', idle: '0' }])
    assert.ok(said.some((message) => /no statement timeout applies/.test(message)))
    await database.close()
  })

  it('OPS-13: prepares no statement through it, unless configured to', async () => {
    const prepared = 'select /* prepared */ 1 as one'
    const count = async (database: Database) => {
      await sql`${sql.raw(prepared)}`.execute(database.db)
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from pg_prepared_statements where name like 'doorward_%'`.execute(
        database.db,
      )
      return rows[0]?.n ?? 0
    }
    const through = await open({ connections: 1 })
    assert.equal(await count(through), 0)
    await through.close()
    for (const [prepares, expected] of [
      [null, 1],
      [false, 0],
    ] as const) {
      const past = await openDatabase({ databaseUrl: direct() }, { prepares, connections: 1 })
      assert.equal(await count(past), expected)
      await past.close()
    }
  })

  it('OPS-13: receives notifications on a direct connection', async () => {
    const database = await open({}, direct())
    let heard = 0
    await database.listen('test_channel', () => {
      heard++
    })
    await eventually(async () => String(heard), '1')
    await ask(direct(), 'notify test_channel')
    await eventually(async () => String(heard), '2')
    await database.close()
  })

  it('STO-06: it forwards DateStyle, and a setting that it does not forward is refused with a sentence', async () => {
    const name = new URL(direct()).pathname.slice(1)
    await ask(direct(), `alter database ${name} set datestyle = 'German, DMY'`)
    // Earlier backends would have the old setting.
    await pooler.stop()
    pooler = await startPgbouncer(direct())
    const database = await open()
    for (let n = 0; n < 8; n++) {
      const { rows } = await sql<{ at: unknown }>`select timestamptz '2026-03-01 12:00:00Z' as at`.execute(
        database.db,
      )
      assert.deepEqual(rows, [{ at: new Date('2026-03-01T12:00:00Z') }])
    }
    await database.close()
    await ask(direct(), `alter database ${name} set default_transaction_isolation = 'serializable'`)
    await pooler.stop()
    pooler = await startPgbouncer(direct())
    const refused = await open()
    await assert.rejects(sql`select 1`.execute(refused.db), (error) => {
      assert.ok(error instanceof UnfitDatabaseError)
      assert.match(error.message, /alter role … set default_transaction_isolation = 'read committed'/)
      return true
    })
    await refused.close()
  })
})
