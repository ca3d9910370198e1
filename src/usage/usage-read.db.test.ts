import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

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
