import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { explaining } from '../../test/explaining.ts'
import { staffAs } from '../../test/staff.ts'
import { addSeconds } from '../base/clock.ts'
import type { Position } from '../db/keyset.ts'
import type { Db } from '../db/schema.ts'
import { dayOf } from '../keys/key.ts'
import { countMatching } from '../keys/key-counts.store.ts'
import { lapseKeys, refreshKeyHints } from '../keys/key-hints.store.ts'
import { countDeadCredentials, deadCredentials } from '../usage/dead-credential.store.ts'
import { countExposed, keysByAge, keysByExpiry, MOST_A_DAY, rotationsUnderWay } from './overview.store.ts'
import { readOverview } from './overview.ts'

const DAY = 86_400

describe('the overview', () => {
  let app: TestApp
  before(async () => {
    const sweep = { name: 'sweep', everySeconds: 3_650 * DAY, summary: 'Sweeps', run: async () => {} }
    app = await openTestApp({}, { jobs: [sweep] })
    app.clock.advance({ days: 400 })
  })
  after(() => app.close())

  const overview = async (as?: string) =>
    (await app.call('GET', '/v1/overview', undefined, as === undefined ? {} : { as })).body
  const exact = (count: number) => ({ count, at_least: false })
  const attentionOf = ({ attention }: { attention: { code: string; keys: object }[] }) =>
    Object.fromEntries(attention.map(({ code, keys }) => [code, keys]))

  it('of an empty installation is all zeros', async () => {
    const { states, attention, usage, rotations, ages, expiring } = await overview()
    const counts = [
      ...Object.values(states),
      ...[...attention, ...ages, ...expiring.days].map(({ keys }) => keys),
    ]
    for (const count of counts) assert.deepEqual(count, exact(0))
    assert.deepEqual([usage.series, rotations.data, expiring.days.length], [[], [], 90])
  })

  it('counts keys by state, age and day of expiry, and what needs attention, with the list of each', async () => {
    await app.keyFor('org_a')
    app.clock.advance({ days: 100 })
    const { body: adminKeys } = await app.call('GET', '/v1/admin-keys')
    assert.ok(adminKeys.data.length > 0)
    const ending = await app.keyFor('org_a', { lifetime_seconds: 10 * DAY })
    const [disabled, revoked, rotating, exposed] = [
      await app.keyFor('org_a'),
      await app.keyFor('org_a'),
      await app.keyFor('org_a', { name: 'nightly export' }),
      await app.keyFor('org_b'),
    ]
    await app.call('POST', `/v1/keys/${disabled.id}/disable`)
    await app.call('POST', `/v1/keys/${revoked.id}/revoke`)
    app.clock.advance({ seconds: 1 })
    await app.call('POST', `/v1/keys/${rotating.id}/rotate`, { overlap_seconds: 3600 })
    const now = app.clock.now().toISOString()
    const secretOf = async (id: string) => (await app.call('GET', `/v1/keys/${id}`)).body.secrets[0].id
    const used = async (id: string, outcome: string) => ({
      ...{ credential_id: await secretOf(id), outcome, scope: '', minute: now, count: 1, calls: 1 },
      ...{ last_at: now, last_ip: '198.51.100.7', last_user_agent: null },
    })
    const items = [await used(ending.id, 'accepted'), await used(revoked.id, 'revoked')]
    const leaks = [{ hash: hashCredential(exposed.secret), at: now, ip: null }]
    const reported = await app.call('POST', '/v1/usage-batches', {
      id: 'batch_overview',
      items,
      exposed: leaks,
    })
    assert.deepEqual(reported.body.not_taken, [])

    const found = await overview()
    assert.deepEqual(found.states, {
      ...{ active: exact(4), disabled: exact(1), suspended: exact(0), expired: exact(0), revoked: exact(1) },
    })
    assert.deepEqual(
      found.ages.map(({ keys }: { keys: { count: number } }) => keys.count),
      [4, 0, 0, 1, 0],
    )
    const ends = found.expiring.days.filter(({ keys }: { keys: { count: number } }) => keys.count > 0)
    const on = new Date(
      Math.floor(app.clock.nowMs() / (DAY * 1000) + 10 - 1 / DAY) * DAY * 1000,
    ).toISOString()
    assert.deepEqual(ends, [{ on, keys: exact(1) }])
    assert.deepEqual(found.rotations.running, exact(1))
    const [{ key_id: keyId, name, advice, safe_to_finish: safe }] = found.rotations.data
    assert.deepEqual([keyId, name, safe], [rotating.id, 'nightly export', false])
    assert.match(advice, /has not been used yet/)
    assert.deepEqual(attentionOf(found), {
      never_used: exact(4),
      unused_90_days: exact(1),
      no_expiry: exact(4),
      over_scoped: exact(0),
      exposed: exact(1),
      dead_credentials: exact(1),
    })
    for (const { query, keys } of found.attention)
      if (query !== null) {
        const { body } = await app.call('GET', `/v1/keys?${new URLSearchParams(query)}`)
        assert.equal(body.data.length, keys.count, JSON.stringify(query))
      }
    assert.deepEqual(
      found.usage.series.map(({ outcome, total }: { outcome: string; total: number }) => [outcome, total]),
      [
        ['accepted', 1],
        ['revoked', 1],
      ],
    )
  })

  it('says how the server is: how late revocations were, the age of the feed, the database and the jobs', async () => {
    const { health } = await overview()
    assert.deepEqual(Object.keys(health), ['database_ms', 'feed_age_ms', 'revocation_lag', 'jobs'])
    assert.deepEqual([health.revocation_lag.changes, health.revocation_lag.p99_ms], [2, 0])
    assert.ok(health.database_ms >= 0 && health.feed_age_ms >= 0)
    assert.deepEqual(health.jobs, [
      {
        ...{ name: 'sweep', summary: 'Sweeps', every_seconds: 3_650 * DAY, runner: null, took_ms: null },
        ...{ last_started_at: null, last_succeeded_at: null, last_failed_at: null, failures: 0, error: null },
        next_run_at: '2039-12-30T00:00:00.000Z',
      },
    ])
  })

  it('MGT-02: of a bound admin key is its owner’s, without the server’s health', async () => {
    const bound = await app.adminKeyWith(['keys:read'], 'org_b')
    const found = await overview(bound)
    assert.deepEqual(found.health, null)
    assert.deepEqual([found.states.active, found.states.revoked], [exact(1), exact(0)])
    assert.deepEqual(attentionOf(found), {
      never_used: exact(1),
      unused_90_days: exact(0),
      no_expiry: exact(1),
      over_scoped: exact(0),
      exposed: exact(1),
      dead_credentials: exact(0),
    })
    assert.deepEqual([found.rotations.running, found.usage.series], [exact(0), []])
  })
})

describe('the overview of a part of the environments', () => {
  it('MGT-03: counts keys of these alone, in each part, and says of verifications that it cannot', async () => {
    const app = await openTestApp()
    app.clock.advance({ days: 400 })
    const keys = new Map<string, { id: string; secret: string }[]>()
    for (const environment of ['live', 'test']) {
      const make = (more: object = {}) => app.keyFor('org_a', { environment, ...more })
      keys.set(environment, [await make(), await make({ lifetime_seconds: 10 * DAY }), await make()])
    }
    const rotating = keys.get('test')?.[2]
    app.clock.advance({ seconds: 1 })
    for (const [, , third] of keys.values())
      await app.call('POST', `/v1/keys/${third?.id}/rotate`, { overlap_seconds: 3600 })
    const at = app.clock.now().toISOString()
    const exposed = [...keys.values()].map(([first]) => ({
      hash: hashCredential(first?.secret ?? ''),
      at,
      ip: null,
    }))
    const items: object[] = []
    for (const [, second] of keys.values()) {
      const secretId = (await app.call('GET', `/v1/keys/${second?.id}`)).body.secrets[0].id
      await app.call('POST', `/v1/keys/${second?.id}/disable`)
      const last = { last_at: at, last_ip: null, last_user_agent: null }
      const counts = { outcome: 'disabled', scope: '', minute: at, count: 1, calls: 1 }
      items.push({ credential_id: secretId, ...counts, ...last })
    }
    await app.call('POST', '/v1/usage-batches', { id: 'batch_within', items, exposed })

    const { as } = await staffAs(app, 'developer')
    const { body, status } = await app.call('GET', '/v1/overview', undefined, as)
    assert.equal(status, 200)
    const one = { count: 1, at_least: false }
    assert.deepEqual([body.usage, body.health], [null, null])
    assert.deepEqual([body.states.active.count, body.states.disabled], [2, one])
    assert.deepEqual(body.ages[0].keys, { count: 3, at_least: false })
    const ends = body.expiring.days.filter(({ keys }: { keys: { count: number } }) => keys.count > 0)
    assert.deepEqual(
      ends.map(({ keys }: { keys: object }) => keys),
      [one],
    )
    assert.deepEqual(body.rotations.running, one)
    assert.deepEqual(
      body.rotations.data.map((each: { key_id: string }) => each.key_id),
      [rotating?.id],
    )
    const found = Object.fromEntries(
      body.attention.map(({ code, keys }: { code: string; keys: { count: number } }) => [code, keys.count]),
    )
    assert.deepEqual(found, {
      ...{ never_used: 3, unused_90_days: 0, no_expiry: 2, over_scoped: 0, exposed: 1, dead_credentials: 1 },
    })
    for (const { query, keys } of body.attention)
      if (query !== null) {
        const listed = await app.call('GET', `/v1/keys?${new URLSearchParams(query)}`, undefined, as)
        assert.equal(listed.body.data.length, keys.count, JSON.stringify(query))
      }
    const dead = async (path: string) => (await app.call('GET', path, undefined, as)).body.data
    for (const path of ['/v1/dead-credentials', '/v1/dead-credentials?owner_id=org_a'])
      assert.deepEqual(
        (await dead(path)).map((each: { environment: string }) => each.environment),
        ['test'],
        path,
      )

    // An admin key that is bound to an owner too.
    const bound = { permissions: ['keys:read'], owner_id: 'org_b', environments: ['test'] }
    const { body: key } = await app.call('POST', '/v1/admin-keys', { name: 'both', ...bound })
    const { body: none } = await app.call('GET', '/v1/overview', undefined, { as: key.secret })
    assert.deepEqual([none.states.active.count, none.ages[0].keys.count, none.usage], [0, 0, null])
    await app.close()
  })
})

describe('the overview at size', () => {
  const MANY = 25_000
  const BOUND = 10_001
  const OVER_SCOPED = { overScoped: true }
  const OF_LIVE = { ownerId: null, environments: ['live'] }
  const OF_ONE = { ownerId: 'org_2', environments: null }
  let app: TestApp
  let now: Date
  before(async () => {
    app = await openTestApp()
    app.clock.advance({ days: 400 })
    now = app.clock.now()
    const { db } = app
    await sql`alter table secrets disable trigger secrets_end_keys`.execute(db)
    const [madeAt, endsAt] = [addSeconds(now, -200 * DAY), addSeconds(now, 10 * DAY)]
    await sql`
      insert into owners (id, created_at)
      select 'org_' || n, ${madeAt}::timestamptz from generate_series(0, 99) as n`.execute(db)
    await sql`
      insert into keys (
        id, owner_id, name, environment, scopes, metadata, created_by, created_at, seen_day, ends_at
      )
      select 'key_many' || n, 'org_' || n % 100, 'k', 'live', '{a:read,a:write,a:list}', '{}', 'adm_1',
        ${madeAt}::timestamptz + n * interval '1 second', ${dayOf(madeAt)}::integer, ${endsAt}::timestamptz
      from generate_series(1, ${MANY}::integer) as n`.execute(db)
    await sql`
      insert into secrets (hash, id, holder_id, hint, created_at, retires_at, exposed_at)
      select sha256(id::bytea), 'sec_' || id, id, 'sk_live_abcd…', created_at,
        case when substr(id, 9)::integer % 2 = 0 then ends_at else created_at + interval '1 hour' end,
        ${now}::timestamptz
      from keys`.execute(db)
    await sql`
      insert into secrets (hash, id, holder_id, hint, created_at)
      select sha256(('new' || id)::bytea), 'sec_new_' || id, id, 'sk_live_efgh…', ${now}::timestamptz
      from keys`.execute(db)
    await sql`
      insert into last_refusals (credential_id, outcome, at, key_id, owner_id)
      select 'sec_' || id, 'disabled', ${now}::timestamptz, id, owner_id from keys`.execute(db)
    await sql`alter table secrets enable trigger secrets_end_keys`.execute(db)
    await sql`
      insert into exercised_scopes (key_id, scope, last_day)
      select id, 'a:read', ${addSeconds(now, -DAY)}::timestamptz from keys`.execute(db)
    await sql`
      insert into usage_days (credential_id, bucket, outcome, scope, count, calls)
      values ('scopes', ${addSeconds(now, -150 * DAY)}::timestamptz, 'accepted', 'a:read', 1, 1)`.execute(db)
    await db.transaction().execute((tx) => lapseKeys(tx, now, 1_000_000))
    await refreshKeyHints(db)
    for (const table of ['keys', 'secrets', 'owners', 'last_refusals', 'exercised_scopes'])
      await sql`analyze ${sql.table(table)}`.execute(db)
  })
  after(() => app.close())

  const parts: [name: string, read: (db: Db) => Promise<unknown>, most: number][] = [
    ['ages', (db) => keysByAge(db, 'every_owner', now), BOUND],
    ['the calendar', (db) => keysByExpiry(db, 'every_owner', now, 90), MOST_A_DAY + 1],
    ['rotations', (db) => rotationsUnderWay(db, 'every_owner', now, 20), 2 * 1_001],
    ['rotations of an owner', (db) => rotationsUnderWay(db, OF_ONE, now, 20), 7 * 250],
    ['exposed keys of an owner', (db) => countExposed(db, OF_ONE, now), 7 * 250],
    ['ages of an environment', (db) => keysByAge(db, OF_LIVE, now), BOUND],
    ['the calendar of an environment', (db) => keysByExpiry(db, OF_LIVE, now, 90), MOST_A_DAY + 1],
    ['rotations of an environment', (db) => rotationsUnderWay(db, OF_LIVE, now, 20), 2 * 1_001],
    ['exposed keys of an environment', (db) => countExposed(db, OF_LIVE, now), 2 * BOUND],
    ['exposed keys', (db) => countExposed(db, 'every_owner', now), 2 * BOUND],
    ['over-scoped keys', (db) => countMatching(db, 'every_owner', OVER_SCOPED, now), 10 * 12_000],
    ['over-scoped keys of an owner', (db) => countMatching(db, OF_ONE, OVER_SCOPED, now), 10 * 250],
    [
      'dead credentials',
      (db) =>
        countDeadCredentials(db, 'every_owner', { since: addSeconds(now, -DAY), now, limit: BOUND - 1 }),
      4 * BOUND,
    ],
  ]
  for (const [name, read, most] of parts)
    it(`STO-11: examines a bounded number of rows: ${name}`, async () => {
      const explained = explaining(app.db)
      await read(explained.db)
      assert.ok(explained.total() <= most + 200, `${explained.total()} rows examined`)
    })

  it('says of more than it counts that there may be more', async () => {
    const { rotations, ages, attention } = await readOverview(app.db, 'every_owner', now)
    const overScoped = attention.find(({ code }) => code === 'over_scoped')
    assert.deepEqual(overScoped?.keys, { count: 10_000, atLeast: true })
    assert.deepEqual(rotations.running, { count: 1_000, atLeast: true })
    assert.deepEqual(ages[3]?.keys, { count: 10_000, atLeast: true })
    const all = await keysByExpiry(app.db, 'every_owner', now, 90)
    assert.deepEqual(all[10]?.keys, { count: MOST_A_DAY, atLeast: true })
    assert.deepEqual(await countExposed(app.db, 'every_owner', now), { count: 5_000, atLeast: true })
  })

  it('MGT-02: counts the keys of an owner exactly, however many others have', async () => {
    for (const [ownerId, count] of [
      ['org_1', 0],
      ['org_2', 250],
    ] as const) {
      const reach = { ownerId, environments: null }
      const { rotations, ages, expiring, attention } = await readOverview(app.db, reach, now)
      assert.deepEqual(rotations.running, { count, atLeast: false })
      assert.equal(rotations.first.length, Math.min(count, 20))
      assert.ok(rotations.first.every((rotation) => rotation.ownerId === ownerId))
      const exposed = attention.find(({ code }) => code === 'exposed')
      assert.deepEqual(exposed?.keys, { count, atLeast: false })
      assert.deepEqual(ages[3]?.keys, { count: 250, atLeast: false })
      assert.deepEqual(expiring[10]?.keys, { count: 250, atLeast: false })
    }
  })

  it('counts by age only keys that have not expired, marked or not', async () => {
    const later = addSeconds(now, 11 * DAY)
    const [, , , year] = await keysByAge(app.db, { ownerId: 'org_1', environments: null }, later)
    assert.deepEqual(year?.keys, { count: 0, atLeast: false })
  })

  it('STO-11: lists and counts dead credentials without reading all that work again', async () => {
    const { db } = app
    const since = addSeconds(now, -DAY)
    await sql`
      insert into last_refusals (credential_id, outcome, at, key_id, owner_id)
      select 'sec_new_' || id, 'disabled', ${addSeconds(now, -60)}::timestamptz, id, owner_id from keys
      where id = 'key_many2'`.execute(db)
    await sql`update keys set disabled_at = ${now}::timestamptz where id = 'key_many2'`.execute(db)
    const counted = await countDeadCredentials(db, OF_ONE, { since, now, limit: 10_000 })
    assert.deepEqual(counted, { count: 1, atLeast: false })
    const found: string[] = []
    let pages = 0
    for (let after: Position | null = null; ; pages++) {
      const explained = explaining(db)
      const page = { since, now, after, limit: 51 }
      const { rows, end } = await deadCredentials(explained.db, 'every_owner', page)
      assert.ok(explained.total() <= 5 * 5_000 + 200, `${explained.total()} rows examined`)
      found.push(...rows.map(({ secretId }) => secretId))
      if (end === null) break
      after = end
    }
    assert.deepEqual(found.toSorted(), ['sec_key_many2', 'sec_new_key_many2'])
    assert.ok(pages >= 4)
  })
})
