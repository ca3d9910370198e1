import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type KyselyPlugin, sql } from 'kysely'
import { JOBS } from '../../src/all-jobs.ts'
import { addSeconds } from '../../src/base/clock.ts'
import { forgetBefore, inBatches, ROWS_AT_ONCE } from '../../src/db/in-batches.ts'
import type { Db } from '../../src/db/schema.ts'
import { openTestApp, type TestApp } from '../app.ts'

describe('a backlog of housekeeping', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  /** The same database, recording the number of rows that each statement changed. */
  const counting = (db: Db) => {
    const changed: number[] = []
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        changed.push(Number(result.numAffectedRows ?? 0))
        return result
      },
    }
    return { db: db.withPlugin(plugin), changed }
  }
  const rows = async (table: string) => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(
      app.db,
    )
    return rows[0]?.n ?? 0
  }
  const MANY = ROWS_AT_ONCE * 2 + 1

  it('STO-05: is processed in statements with a bounded number of rows', async () => {
    const backlog = [
      ['usage_batches', 'id, received_at', "n::text, '2020-01-01'"],
      ['last_refusals', 'credential_id, outcome, at', "n::text, 'x', '2020-01-01'"],
      ['quota_spent', 'holder_id, period, period_start, spent', "n::text, 'day', '2020-01-01', 1"],
      ['quota_spends', 'id, granted, spent_at', "n::text, '{true}', '2020-01-01'"],
      ['changes', 'position, at, action', "-n, '2020-01-01', 'x'"],
      ['client_assertions', 'client_id, jti_hash, forget_at', "'a', sha256(n::text::bytea), '2020-01-01'"],
    ] as const
    const before = new Map<string, number>()
    for (const [table, columns, values] of backlog) {
      before.set(table, await rows(table))
      await sql`
        insert into ${sql.table(table)} (${sql.raw(columns)})
        select ${sql.raw(values)} from generate_series(1, ${MANY}::integer) as n`.execute(app.db)
    }
    const { db, changed } = counting(app.db)
    for (const job of JOBS) await job.run(db, app.clock.now())
    for (const [table] of backlog) assert.equal(await rows(table), before.get(table), table)
    assert.ok(Math.max(...changed) <= ROWS_AT_ONCE, `${Math.max(...changed)} rows in one statement`)
  })

  it('STO-05: keeps the work that was done before a statement failed, and keeps rows that are not old', async () => {
    const at = (n: number) => addSeconds(app.clock.now(), n)
    await app.db
      .insertInto('usage_batches')
      .values(Array.from({ length: 25 }, (_, n) => ({ id: `some_${n}`, received_at: at(n) })))
      .execute()
    let statements = 0
    const failing = app.db.withPlugin({
      transformQuery: ({ node }) => {
        if (++statements === 2) throw new Error('the database is away')
        return node
      },
      transformResult: async ({ result }) => result,
    })
    await assert.rejects(forgetBefore(failing, 'usage_batches', 'received_at', at(20), 10), /away/)
    assert.equal(await rows('usage_batches'), 15)
    await forgetBefore(app.db, 'usage_batches', 'received_at', at(20), 10)
    assert.equal(await rows('usage_batches'), 5)
  })

  it('STO-05: stops when a statement affects fewer rows than its bound', async () => {
    const takes = [3, 3, 2, 3]
    await inBatches(async () => takes.shift() ?? 0, 3)
    assert.deepEqual(takes, [3])
  })
})
