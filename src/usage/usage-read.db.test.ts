import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { rollUpUsage } from './usage-roll-up.store.ts'

let app: TestApp
before(async () => {
  app = await openTestApp()
})
after(() => app.close())

const item = (credential_id: string, more: object = {}) => {
  const now = app.clock.now().toISOString()
  return {
    ...{ credential_id, outcome: 'accepted', scope: 'orders:read', minute: now, count: 3, calls: 3 },
    ...{ last_at: now, last_ip: '198.51.100.7', last_user_agent: 'curl/8' },
    ...more,
  }
}
let batches = 0
const report = (items: object[]) =>
  app.call('POST', '/v1/usage-batches', {
    id: `batch_${String(++batches).padStart(8, '0')}`,
    items,
    exposed: [],
  })
const aSecret = async () => {
  const { id: keyId } = await app.keyFor('org_1')
  return { keyId, id: (await app.call('GET', `/v1/keys/${keyId}`)).body.secrets[0].id as string }
}

interface Row {
  readonly bucket: string
  readonly grain: string
  readonly calls: number
}
const usageOf = async (keyId: string, query = ''): Promise<Row[]> => {
  const { status, body, text } = await app.call('GET', `/v1/keys/${keyId}/usage${query}`)
  assert.equal(status, 200, text)
  return body.data
}

describe('reading usage', () => {
  let secret: { id: string; keyId: string }
  beforeEach(async () => {
    secret = await aSecret()
  })

  it('returns minutes, hours and days, newest first', async () => {
    app.clock.advance({ hours: 48 - (app.clock.now().getUTCHours() % 24) })
    const at = (ms: number) => new Date(app.clock.now().getTime() + ms).toISOString()
    for (const ms of [-1_000, -61_000, -3_600_000]) await report([item(secret.id, { minute: at(ms) })])
    const read = async (query: string) =>
      (await usageOf(secret.keyId, query)).map(({ bucket, grain, calls }) => [bucket, grain, calls])
    const minute = (ms: number) => at(ms).replace(/:\d\d\.000Z/, ':00.000Z')
    assert.deepEqual(await read('?grain=minute&days=1'), [
      [minute(-1_000), 'minute', 3],
      [minute(-61_000), 'minute', 3],
      [minute(-3_600_000), 'minute', 3],
    ])
    const hour = (ms: number) => at(ms).replace(/\d\d:\d\d\.000Z/, '00:00.000Z')
    assert.deepEqual(await read(''), [[hour(-1_000), 'hour', 9]])
    assert.deepEqual(await read('?grain=day'), [[`${at(-1_000).slice(0, 10)}T00:00:00.000Z`, 'day', 9]])
    assert.deepEqual(await read(`?grain=minute&since=${at(-61_000)}&until=${at(-1_000)}`), [
      [minute(-1_000), 'minute', 3],
      [minute(-61_000), 'minute', 3],
    ])
  })

  it('shows from where a refused secret was last presented, and the reason', async () => {
    const at = app.clock.now().toISOString()
    await report([item(secret.id, { outcome: 'revoked', last_ip: '203.0.113.66' }), item(secret.id)])
    await report([
      item(secret.id, { outcome: 'revoked', last_at: '2029-01-01T00:00:00Z', last_ip: '10.0.0.1' }),
    ])
    const { body } = await app.call('GET', `/v1/keys/${secret.keyId}/usage`)
    assert.deepEqual(body.last_refusals, [
      { credential_id: secret.id, outcome: 'revoked', at, ip: '203.0.113.66', user_agent: 'curl/8' },
    ])
  })

  it('refuses an invalid range and says which are valid', async () => {
    const table: [query: string, detail: RegExp][] = [
      ['days=2&since=2029-12-31T00:00:00Z', /`days` or `since`/],
      ['since=2099-01-01T00:00:00Z', /before `until`/],
      ['since=2030-01-01T00:00:00Z&until=2030-01-01T00:00:00Z', /before `until`/],
      ['grain=minute&days=2', /By minute, .* at most 1 days/],
      ['days=32', /By hour, .* at most 31 days/],
      ['grain=week', /./],
      ['days=0', /./],
      ['days=401', /./],
    ]
    for (const [query, detail] of table)
      for (const place of [`/v1/keys/${secret.keyId}/usage`, '/v1/usage']) {
        const { status, body } = await app.call('GET', `${place}?${query}`)
        assert.deepEqual([query, status, body.code], [query, 400, 'invalid_request'])
        assert.match(body.detail, detail)
      }
  })

  it('returns nothing for times without usage, however far away', async () => {
    for (const year of ['0001', '1969', '9998'])
      assert.deepEqual(
        await usageOf(secret.keyId, `?grain=day&since=${year}-01-01T00:00:00Z&until=${year}-12-01T00:00:00Z`),
        [],
      )
    const { status } = await app.call(
      'GET',
      '/v1/usage?since=0000-01-01T00:00:00Z&until=0000-12-01T00:00:00Z',
    )
    assert.equal(status, 400)
  })

  it('refuses a response that would be too long instead of truncating it', async () => {
    const minute = app.clock.now().toISOString()
    const many = Array.from({ length: 10_001 }, (_, i) => item(secret.id, { scope: `orders:r${i}`, minute }))
    for (const from of [0, 5_000]) assert.equal((await report(many.slice(from, from + 5_000))).status, 200)
    assert.equal((await usageOf(secret.keyId)).length, 10_000)
    await report(many.slice(10_000))
    const { status, body } = await app.call('GET', `/v1/keys/${secret.keyId}/usage`)
    assert.deepEqual([status, body.code], [400, 'invalid_request'])
    assert.match(body.detail, /more than 10000 rows/)
  })
})

describe('scopes that a key exercised', () => {
  const DAY = 24 * 3600
  const read = async (path: string, as?: string) =>
    await app.call('GET', path, undefined, as === undefined ? {} : { as })
  const secretsOf = async (keyId: string): Promise<string[]> =>
    (await read(`/v1/keys/${keyId}`)).body.secrets.map(({ id }: { id: string }) => id)
  const aKey = async (ownerId = 'org_1', more: Record<string, unknown> = {}) => {
    const { id } = await app.keyFor(ownerId, more)
    const [secretId = ''] = await secretsOf(id)
    return { id, secretId }
  }
  const uses = async (keyId: string) => {
    const { body } = await read(`/v1/keys/${keyId}/scope-use`)
    const of = body.data.map(({ scope, use }: { scope: string; use: string }) => [scope, use])
    return { ...body, of: Object.fromEntries(of) }
  }

  it('are known by day; without a use for 90 days a scope is unused, and unknown while counts are younger', async () => {
    for (const table of ['usage_hours', 'usage_days'] as const)
      await app.db.deleteFrom(table).where('credential_id', 'like', 'scopes%').execute()
    const scopes = ['a:read', 'a:write', 'b:admin', 'c:read']
    const { id, secretId } = await aKey('org_1', { scopes })
    await app.call('POST', '/v1/scopes', { name: 'b:list', description: 'Lists' })
    await app.call('PATCH', '/v1/scopes/b:admin', { implies: ['b:list'] })
    assert.deepEqual((await uses(id)).known_since, null)
    await report([
      item(secretId, { scope: 'a:read' }),
      item(secretId, { scope: 'c:read' }),
      item(secretId, { scope: 'a:write', outcome: 'ip_not_allowed' }),
    ])
    const young = await uses(id)
    assert.deepEqual(young.of, {
      'a:read': 'used',
      'a:write': 'unknown',
      'b:admin': 'unknown',
      'c:read': 'used',
    })
    assert.deepEqual(young.unused, [])
    assert.equal(young.known_since, app.clock.now().toISOString())

    app.clock.advance({ days: 50 })
    await report([item(secretId, { scope: 'a:read' }), item(secretId, { scope: 'b:list' })])
    app.clock.advance({ days: 41 })
    await rollUpUsage(app.db, app.clock.now())
    const old = await uses(id)
    assert.deepEqual(old.of, {
      'a:read': 'used',
      'a:write': 'unused',
      'b:admin': 'only_implied',
      'c:read': 'unused',
    })
    assert.deepEqual(old.unused, ['a:write', 'c:read'])
    assert.deepEqual(old.data[2].implied_used, ['b:list'])
    const lastDay = new Date(Math.floor(app.clock.nowMs() / (DAY * 1000) - 41) * DAY * 1000)
    assert.equal(old.data[0].last_used_on, lastDay.toISOString())
  })

  it('make a key over-scoped where it is used without some of them for 90 days, in the list as on its page', async () => {
    const listed = async () => {
      const { body } = await read('/v1/keys?over_scoped=true&owner_id=org_wide')
      return body.data.map(({ id }: { id: string }) => id).toSorted()
    }
    const overScoped = async (...keys: { id: string }[]) => {
      const all: string[] = []
      for (const { id } of keys) if ((await uses(id)).unused.length > 0) all.push(id)
      return all.toSorted()
    }
    const made = async (...scopes: string[]) => await aKey('org_wide', { scopes })
    const [wide, full, idle, implying, noScopes, plain, changed] = [
      await made('a:read', 'a:write'),
      await made('a:read', 'c:read'),
      await made('a:read'),
      await made('a:read', 'b:admin'),
      await made(),
      await made('a:read'),
      await made('a:read'),
    ]
    const all = [wide, full, implying, noScopes, changed]
    const everyoneCalls = () =>
      report([
        ...[wide, full, implying, changed].map(({ secretId }) => item(secretId, { scope: 'a:read' })),
        item(full.secretId, { scope: 'c:read' }),
        item(implying.secretId, { scope: 'b:list' }),
        item(noScopes.secretId, { scope: '' }),
        item(plain.secretId, { scope: '' }),
      ])
    await everyoneCalls()
    app.clock.advance({ days: 60 })
    await everyoneCalls()
    await app.call('PATCH', `/v1/keys/${changed.id}`, { scopes: ['a:read', 'a:write'] })
    assert.deepEqual([await listed(), await overScoped(...all)], [[], []])
    app.clock.advance({ days: 31 })
    await rollUpUsage(app.db, app.clock.now())
    assert.deepEqual([await listed(), await overScoped(...all)], [[wide.id], [wide.id]])
    // Without any exercised scope a key is unused, or its scopes are not asked for.
    assert.deepEqual((await uses(idle.id)).unused, ['a:read'])
    assert.equal((await uses(changed.id)).of['a:write'], 'unknown')
    const { body: counts } = await read('/v1/keys/counts?over_scoped=true&owner_id=org_wide')
    assert.deepEqual(counts.live, { count: 1, at_least: false })
    const { body: overview } = await read('/v1/overview', await app.adminKeyWith(['keys:read'], 'org_wide'))
    const line = overview.attention.find(({ code }: { code: string }) => code === 'over_scoped')
    assert.deepEqual(line, {
      ...{ code: 'over_scoped', keys: { count: 1, at_least: false }, query: { over_scoped: 'true' } },
    })
    // 91 days after its scopes were changed, and after the last call of the other.
    app.clock.advance({ days: 60 })
    await report([item(changed.secretId, { scope: 'a:read' })])
    assert.deepEqual(await listed(), [changed.id])
    await app.call('PATCH', `/v1/keys/${changed.id}`, { scopes: ['a:read'] })
    assert.deepEqual(await listed(), [])
  })

  it('of a new key are unknown, although others have been counted for long', async () => {
    const { id } = await aKey('org_1', { scopes: ['a:read'] })
    assert.deepEqual((await uses(id)).of, { 'a:read': 'unknown' })
  })

  it('cost one row a day for each, and batches of a key’s two secrets do not deadlock', async () => {
    const { id, secretId } = await aKey('org_1', { scopes: [] })
    app.clock.advance({ seconds: 1 })
    await app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 3600 })
    const [next = ''] = await secretsOf(id)
    const names = Array.from({ length: 30 }, (_, n) => `many:s${n}`)
    await Promise.all(
      [secretId, next, secretId, next].map((secret, n) =>
        report([...(n % 2 === 0 ? names : names.toReversed()).map((scope) => item(secret, { scope }))]),
      ),
    )
    const stored = app.db.selectFrom('exercised_scopes').select('scope').where('key_id', '=', id)
    assert.equal((await stored.execute()).length, names.length)
  })
})
