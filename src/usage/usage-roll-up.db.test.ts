import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { JOBS } from '../all-jobs.ts'
import { storeUsage } from './usage.store.ts'
import { GRAINS, type Grain, startOf } from './usage.ts'
import { rollUpUsage } from './usage-roll-up.store.ts'

let app: TestApp
let keyId: string
let secretId: string
before(async () => {
  app = await openTestApp()
  keyId = (await app.keyFor('org_1')).id
  secretId = (await app.call('GET', `/v1/keys/${keyId}`)).body.secrets[0].id
})
after(() => app.close())
beforeEach(async () => {
  for (const grain of GRAINS) await app.db.deleteFrom(`usage_${grain}s`).execute()
  await app.db.deleteFrom('last_refusals').execute()
})

const ago = ({ minutes = 0, hours = 0, days = 0 }) =>
  new Date(app.clock.now().getTime() - ((days * 24 + hours) * 60 + minutes) * 60_000)

let batches = 0
async function used(at: Date, count = 1, more: { scope?: string; outcome?: string } = {}): Promise<void> {
  const origin = {
    actor: { kind: 'system', id: null },
    ip: null,
    requestId: null,
    now: app.clock.now(),
  } as const
  const item = {
    credentialId: secretId,
    outcome: 'accepted',
    scope: 'orders:read',
    minute: startOf('minute', at),
    count,
    calls: count,
    lastAt: at,
    lastIp: null,
    lastUserAgent: null,
    ...more,
  }
  await storeUsage(app.db, origin, { id: `batch_${++batches}`, items: [item], exposed: [] })
}

/** Row count of a table, and the sum of its counts. */
async function held(grain: Grain): Promise<[rows: number, sum: number]> {
  const rows = await app.db
    .selectFrom(`usage_${grain}s`)
    .select('count')
    .where('credential_id', 'like', 'sec%')
    .execute()
  return [rows.length, rows.reduce((sum, { count }) => sum + count, 0)]
}
const heldByAll = async () =>
  Object.fromEntries(await Promise.all(GRAINS.map(async (g) => [g, await held(g)])))
const sumOfAll = async () => (await Promise.all(GRAINS.map(held))).reduce((sum, [, each]) => sum + each, 0)

interface Row {
  readonly bucket: string
  readonly grain: string
  readonly count: number
}
const read = async (query: string): Promise<Row[]> =>
  (await app.call('GET', `/v1/keys/${keyId}/usage?${query}`)).body.data
const readTotals = async (query: string) => (await app.call('GET', `/v1/usage?${query}`)).body.data
const shown = async (query: string) =>
  (await read(query)).map(({ bucket, grain, count }) => `${bucket} ${grain} ${count}`)

describe('the roll-up of usage', () => {
  it('turns minutes into hours after a day, hours into days after 30, and deletes days after 400', async () => {
    await used(ago({ minutes: 5 }), 1)
    await used(ago({ hours: 23 }), 2)
    await used(ago({ hours: 26 }), 4)
    await used(ago({ hours: 26, minutes: -1 }), 8)
    await used(ago({ days: 29 }), 16)
    await used(ago({ days: 32 }), 32)
    await used(ago({ days: 32, hours: -2 }), 64)
    assert.deepEqual(await heldByAll(), { minute: [7, 127], hour: [0, 0], day: [0, 0] })
    await rollUpUsage(app.db, app.clock.now())
    assert.deepEqual(await heldByAll(), { minute: [2, 3], hour: [2, 28], day: [1, 96] })

    app.clock.advance({ days: 31 })
    await rollUpUsage(app.db, app.clock.now())
    assert.deepEqual(await held('minute'), [0, 0])
    assert.deepEqual(await held('hour'), [0, 0])
    assert.deepEqual((await held('day'))[1], 127)
    app.clock.advance({ days: 371 })
    await rollUpUsage(app.db, app.clock.now())
    assert.equal(await sumOfAll(), 0)
  })

  it('moves only whole hours and whole days, so that no bucket is in two tables', async () => {
    for (let minutes = 0; minutes < 180; minutes += 10) await used(ago({ days: 1, minutes: minutes - 60 }))
    await rollUpUsage(app.db, app.clock.now())
    const [hours, minutes] = await Promise.all(
      (['usage_hours', 'usage_minutes'] as const).map((table) =>
        app.db.selectFrom(table).select('bucket').where('credential_id', 'like', 'sec%').execute(),
      ),
    )
    assert.ok(hours !== undefined && minutes !== undefined)
    assert.ok(hours.length > 0 && minutes.length > 0)
    for (const { bucket } of minutes)
      assert.ok(hours.every((hour) => hour.bucket.getTime() !== startOf('hour', bucket).getTime()))
  })

  it('adds late counts to a bucket that was rolled up already', async () => {
    await used(ago({ hours: 30 }), 1)
    await used(ago({ days: 40 }), 2)
    await rollUpUsage(app.db, app.clock.now())
    await used(ago({ hours: 30 }), 4)
    await used(ago({ days: 40 }), 8)
    const query = `grain=day&since=${ago({ days: 41 }).toISOString()}`
    const before = await shown(query)
    await rollUpUsage(app.db, app.clock.now())
    assert.deepEqual(await heldByAll(), { minute: [0, 0], hour: [1, 5], day: [1, 10] })
    assert.deepEqual(await shown(query), before)
  })

  it('works in batches and on all servers at once without counting twice', async () => {
    for (let i = 0; i < 60; i++) await used(ago({ hours: 26 + (i % 7), minutes: i }), 1 + i)
    for (let i = 0; i < 20; i++) await used(ago({ days: 33 + (i % 3), minutes: i }), 1000)
    const before = await sumOfAll()
    await Promise.all(Array.from({ length: 4 }, () => rollUpUsage(app.db, app.clock.now(), 7)))
    await rollUpUsage(app.db, app.clock.now(), 7)
    assert.equal(await sumOfAll(), before)
    assert.deepEqual(await held('minute'), [0, 0])
    assert.equal((await held('day'))[1], 20_000)
  })

  it('neither loses nor doubles counts that are reported meanwhile', async () => {
    for (let i = 0; i < 30; i++) await used(ago({ hours: 30, minutes: i % 10 }), 1)
    await Promise.all([
      ...Array.from({ length: 3 }, () => rollUpUsage(app.db, app.clock.now(), 3)),
      ...Array.from({ length: 30 }, (_, i) => used(ago({ hours: 30, minutes: i % 10 }), 1)),
    ])
    assert.equal(await sumOfAll(), 60)
    await rollUpUsage(app.db, app.clock.now())
    assert.deepEqual((await held('minute'))[0], 0)
    assert.equal(await sumOfAll(), 60)
  })

  it('returns old counts in their own coarser grain, and names it', async () => {
    await used(ago({ minutes: 1 }), 1)
    await used(ago({ hours: 40 }), 2)
    await used(ago({ days: 50 }), 4)
    await rollUpUsage(app.db, app.clock.now())
    const at = (grain: Grain, moment: Date) => startOf(grain, moment).toISOString()
    const [young, older, old] = [ago({ minutes: 1 }), ago({ hours: 40 }), ago({ days: 50 })]
    const around = (moment: Date) => {
      const near = (ms: number) => new Date(moment.getTime() + ms).toISOString()
      return `since=${near(-60_000)}&until=${near(60_000)}`
    }
    assert.deepEqual(await shown(`grain=minute&${around(young)}`), [`${at('minute', young)} minute 1`])
    assert.deepEqual(await shown(`grain=minute&${around(older)}`), [`${at('hour', older)} hour 2`])
    assert.deepEqual(await shown(`grain=minute&${around(old)}`), [`${at('day', old)} day 4`])
    assert.deepEqual(await shown(`grain=hour&${around(old)}`), [`${at('day', old)} day 4`])
    assert.deepEqual(await shown('grain=day&days=60'), [
      `${at('day', young)} day 1`,
      `${at('day', older)} day 2`,
      `${at('day', old)} day 4`,
    ])
  })

  it('keeps the sums by day and the total, for any usage and any time of the roll-up', async () => {
    const use = fc.record({
      hoursAgo: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 50 * 24 })),
      minutes: fc.nat({ max: 59 }),
      count: fc.integer({ min: 1, max: 9 }),
      scope: fc.constantFrom('', 'orders:read', 'orders:write'),
      outcome: fc.constantFrom('accepted', 'expired'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(use, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat({ max: 40 * 24 }), { minLength: 1, maxLength: 4 }),
        async (uses, hoursBetween) => {
          for (const grain of GRAINS) await app.db.deleteFrom(`usage_${grain}s`).execute()
          for (const { hoursAgo, minutes, count, ...more } of uses)
            await used(ago({ hours: hoursAgo, minutes }), count, more)
          const since = ago({ days: 60 }).toISOString()
          const until = ago({ days: -1 }).toISOString()
          const query = `grain=day&since=${since}&until=${until}`
          const [before, totals, whole] = [await read(query), await readTotals(query), await sumOfAll()]
          for (const hours of hoursBetween) {
            app.clock.advance({ hours })
            await rollUpUsage(app.db, app.clock.now())
            assert.deepEqual(await read(query), before)
            assert.equal(await sumOfAll(), whole)
            assert.deepEqual(await readTotals(query), totals)
          }
          assert.equal(
            whole,
            uses.reduce((sum, { count }) => sum + count, 0),
          )
        },
      ),
      { numRuns: 25 },
    )
  })

  it('runs in every server every ten minutes', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const own = await openTestApp({}, { jobs: JOBS })
    const bucket = startOf('minute', new Date(own.clock.now().getTime() - 26 * 3_600_000))
    const row = { credential_id: 'sec_1', bucket, outcome: 'accepted', scope: '', count: 1, calls: 1 }
    await own.db.insertInto('usage_minutes').values(row).execute()
    own.clock.advance({ seconds: 600 })
    t.mock.timers.tick(5_000)
    const hours = () => own.db.selectFrom('usage_hours').select('count').execute()
    await eventually(async () => JSON.stringify(await hours()), JSON.stringify([{ count: 1 }]))
    await own.close()
  })

  it('deletes a refusal that is older than all counts', async () => {
    await used(ago({}), 1, { outcome: 'expired' })
    app.clock.advance({ days: 399 })
    await rollUpUsage(app.db, app.clock.now())
    assert.equal((await app.db.selectFrom('last_refusals').selectAll().execute()).length, 1)
    app.clock.advance({ days: 2 })
    await rollUpUsage(app.db, app.clock.now())
    assert.deepEqual(await app.db.selectFrom('last_refusals').selectAll().execute(), [])
  })
})
