import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { explaining } from '../../test/explaining.ts'
import { addSeconds } from '../base/clock.ts'
import { up as sumUpOwners } from '../db/migrations/0027-usage-of-owners.ts'
import { sumUpScopes } from '../db/migrations/0029-usage-of-scopes.ts'
import { axisFor, GRAINS, MAX_POINTS, startOf } from './usage.ts'
import { rollUpUsage } from './usage-roll-up.store.ts'
import { seriesOf } from './usage-series.store.ts'

describe('usage over all keys', () => {
  let own: TestApp
  const read = async (query = '', as?: string) =>
    (await own.call('GET', `/v1/usage${query}`, undefined, as === undefined ? {} : { as })).body
  const sums = (rows: readonly { outcome: string; calls: number }[]) =>
    Object.fromEntries(rows.map(({ outcome, calls }) => [outcome, calls]))
  const item = (credential_id: string | null, now: string, more: object = {}) => ({
    ...{ credential_id, outcome: 'accepted', scope: 'orders:read', minute: now, last_at: now },
    ...{ count: 3, calls: 3, last_ip: '198.51.100.7', last_user_agent: 'curl/8' },
    ...more,
  })
  let bound: string
  before(async () => {
    own = await openTestApp()
    const [a, b] = [await own.keyFor('org_a'), await own.keyFor('org_b')]
    bound = await own.adminKeyWith(['keys:read'], 'org_b')
    const now = own.clock.now().toISOString()
    const of = async (keyId: string) => (await own.call('GET', `/v1/keys/${keyId}`)).body.secrets[0].id
    const items = [
      item(await of(a.id), now),
      item(await of(b.id), now, { count: 5, calls: 5 }),
      item(await of(b.id), now, { outcome: 'expired', count: 2, calls: 2 }),
      item(await of(b.id), now, { scope: 'orders:write', count: 5, calls: 0 }),
      item(null, now, { outcome: 'unknown', scope: '', last_ip: '203.0.113.66' }),
    ]
    const { status } = await own.call('POST', '/v1/usage-batches', {
      id: 'batch_all_keys',
      items,
      exposed: [],
    })
    assert.equal(status, 200)
  })
  after(() => own.close())

  it('counts each verification as one call by outcome, unknown credentials included', async () => {
    const body = await read()
    assert.deepEqual(sums(body.data), { accepted: 8, expired: 2, unknown: 3 })
    assert.deepEqual(body.last_unknown, {
      at: own.clock.now().toISOString(),
      ip: '203.0.113.66',
      user_agent: 'curl/8',
    })
    assert.deepEqual(sums((await read('?grain=day')).data), sums(body.data))
    assert.deepEqual(sums((await read('?grain=minute')).data), sums(body.data))
  })

  it('of one owner excludes other owners and unknown credentials', async () => {
    const body = await read('?owner_id=org_a')
    assert.deepEqual([sums(body.data), body.last_unknown], [{ accepted: 3 }, null])
    assert.deepEqual(await read('?owner_id=org_nobody'), { data: [], last_unknown: null })
  })

  it('OPS-02: includes counts from before totals of owners were stored', async () => {
    const before = await read('?owner_id=org_b')
    await own.db.deleteFrom('usage_minutes').where('credential_id', 'like', 'owner:%').execute()
    assert.deepEqual((await read('?owner_id=org_b')).data, [])
    await sumUpOwners(own.db as unknown as Kysely<unknown>)
    assert.deepEqual(await read('?owner_id=org_b'), before)
  })

  it('MGT-02: shows an admin key bound to an owner that owner only, whatever it requests', async () => {
    for (const query of ['', '?owner_id=org_b']) {
      const body = await read(query, bound)
      assert.deepEqual([sums(body.data), body.last_unknown], [{ accepted: 5, expired: 2 }, null])
    }
    assert.deepEqual(await read('?owner_id=org_a', bound), { data: [], last_unknown: null })
  })

  interface SeriesAnswer {
    readonly step_seconds: number
    readonly buckets: readonly string[]
    readonly series: readonly {
      outcome: string | null
      scope: string | null
      total: number
      values: number[]
    }[]
  }
  const series = async (query = '', as?: string): Promise<SeriesAnswer> =>
    (await own.call('GET', `/v1/usage/series${query}`, undefined, as === undefined ? {} : { as })).body
  const totalsOf = (answer: SeriesAnswer) =>
    Object.fromEntries(
      answer.series.map(({ outcome, scope, total }) => [[outcome, scope].join(' ').trim(), total]),
    )

  it('comes as series for a chart, by outcome or by scope, of all, of an owner and of a key', async () => {
    const all = await series()
    assert.deepEqual(totalsOf(all), { accepted: 8, expired: 2, unknown: 3 })
    assert.deepEqual([all.step_seconds, all.buckets.length], [900, 97])
    for (const { values, total } of all.series) {
      assert.equal(values.length, all.buckets.length)
      assert.equal(values.at(-1), total)
    }
    assert.deepEqual(totalsOf(await series('?owner_id=org_a')), { accepted: 3 })
    assert.deepEqual(totalsOf(await series('?by=scope')), {
      'accepted orders:read': 8,
      'accepted orders:write': 5,
      'refused orders:read': 2,
    })
    assert.deepEqual(totalsOf(await series('?by=scope&owner_id=org_a&span=7d')), {
      'accepted orders:read': 3,
    })
    const { id } = (await own.call('GET', '/v1/keys?owner_id=org_b')).body.data[0]
    assert.deepEqual(totalsOf(await series(`?key_id=${id}`)), { accepted: 5, expired: 2 })
    assert.deepEqual(totalsOf(await series(`?key_id=${id}&by=scope&span=1h`)), {
      'accepted orders:read': 5,
      'accepted orders:write': 5,
      'refused orders:read': 2,
    })
  })

  it('MGT-02: series of a bound admin key are those of its owner', async () => {
    assert.deepEqual(totalsOf(await series('', bound)), { accepted: 5, expired: 2 })
    assert.deepEqual((await series('?owner_id=org_a', bound)).series, [])
    const { id } = (await own.call('GET', '/v1/keys?owner_id=org_a')).body.data[0]
    const foreign = await own.call('GET', `/v1/usage/series?key_id=${id}`, undefined, { as: bound })
    assert.deepEqual([foreign.status, foreign.body.code], [404, 'not_found'])
  })

  it('refuses a range that no chart can show', async () => {
    for (const query of [
      'since=2020-01-01T00:00:00Z',
      'span=1h&since=2029-12-31T00:00:00Z',
      'since=2999-01-01T00:00:00Z',
      'key_id=key_1&owner_id=org_a',
    ])
      assert.equal((await own.call('GET', `/v1/usage/series?${query}`)).body.code, 'invalid_request', query)
  })

  it('OPS-02: includes by scope what was counted before sums by scope were stored', async () => {
    await rollUpUsage(own.db, own.clock.now())
    const [all, one] = [await series('?by=scope'), await series('?by=scope&owner_id=org_b')]
    await own.db.deleteFrom('usage_hours').where('credential_id', 'like', 'scopes%').execute()
    assert.deepEqual((await series('?by=scope')).series, [])
    await sumUpScopes(own.db as unknown as Kysely<unknown>)
    assert.deepEqual(await series('?by=scope'), all)
    assert.deepEqual(await series('?by=scope&owner_id=org_b'), one)
  })

  it('keeps its totals in every span when counts are rolled up', async () => {
    const spans = ['24h', '7d', '30d', '90d', '400d']
    const read = async () => {
      const of = async (span: string) => [
        totalsOf(await series(`?span=${span}`)),
        totalsOf(await series(`?span=${span}&by=scope&owner_id=org_b`)),
      ]
      return await Promise.all(spans.map(of))
    }
    const [first] = await read()
    own.clock.advance({ days: 1 })
    await rollUpUsage(own.db, own.clock.now())
    assert.deepEqual((await read()).slice(1), [first, first, first, first])
    own.clock.advance({ days: 40 })
    await rollUpUsage(own.db, own.clock.now())
    assert.deepEqual((await read()).slice(3), [first, first])
  })

  it('STO-11: a chart costs what its span holds, not what the keys have; many scopes end in one series', async () => {
    const now = own.clock.now()
    for (const grain of GRAINS) {
      const of = sql`generate_series(1, 40) as n, generate_series(1, 200) as k`
      const bucket = sql`${startOf(grain, now)}::timestamptz - n * ${sql.lit(`1 ${grain}`)}::interval`
      await sql`
        insert into ${sql.table(`usage_${grain}s`)} (credential_id, bucket, outcome, scope, count, calls)
        select 'sec_many' || k, ${bucket}, 'accepted', 'a:b', 1, 1 from ${of}
        union all select 'owner:org_many', ${bucket}, 'accepted', '', 200, 200 from generate_series(1, 40) as n
        union all select 'scopes:org_many', ${bucket}, 'accepted', 'a:s' || k, 1, 1
          from generate_series(1, 40) as n, generate_series(1, 30) as k where ${sql.lit(grain)} = 'hour'`.execute(
        own.db,
      )
      await sql`analyze ${sql.table(`usage_${grain}s`)}`.execute(own.db)
    }
    const reach = { ownerId: 'org_many', environments: null }
    for (const days of [1 / 24, 1, 7, 30, 90, 400]) {
      const axis = axisFor({ since: addSeconds(now, -days * 86_400), until: now }, now)
      const explained = explaining(own.db)
      await seriesOf(explained.db, { reach }, 'outcome', axis)
      // The stored rows of the owner, and twice the points once they are added up.
      assert.ok(explained.total() <= 3 * 40 + 4 * MAX_POINTS, `${days} days: ${explained.total()} rows`)
    }
    const axis = axisFor({ since: addSeconds(now, -7 * 86_400), until: now }, now, 'hour')
    const found = await seriesOf(own.db, { reach }, 'scope', axis)
    assert.deepEqual([found.length, found.at(-1)?.scope, found.at(-1)?.outcome], [21, null, null])
    assert.equal(
      found.reduce((sum, { total }) => sum + total, 0),
      40 * 30,
    )
  })
})
