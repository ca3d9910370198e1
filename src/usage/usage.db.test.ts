import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import { openTestApp, type TestApp } from '../../test/app.ts'

let app: TestApp
before(async () => {
  app = await openTestApp()
})
after(() => app.close())

const item = (credential_id: string | null, more: object = {}) => ({
  credential_id,
  outcome: 'accepted',
  scope: 'orders:read',
  minute: app.clock.now().toISOString(),
  count: 3,
  calls: 3,
  last_at: app.clock.now().toISOString(),
  last_ip: '198.51.100.7',
  last_user_agent: 'curl/8',
  ...more,
})
let batches = 0
const nextId = () => `batch_${String(++batches).padStart(8, '0')}`
const report = (items: object[], exposed: object[] = [], id = nextId()) =>
  app.call('POST', '/v1/usage-batches', { id, items, exposed })
const secretOf = async (keyId: string) => (await app.call('GET', `/v1/keys/${keyId}`)).body.secrets[0]
const aSecret = async (ownerId = 'org_1') => {
  const key = await app.keyFor(ownerId)
  return { keyId: key.id, text: key.secret, id: (await secretOf(key.id)).id as string }
}

interface Row {
  readonly credential_id: string
  readonly scope: string
  readonly outcome: string
  readonly bucket: string
  readonly grain: string
  readonly count: number
  readonly calls: number
}
const usageOf = async (keyId: string, query = ''): Promise<Row[]> => {
  const { status, body, text } = await app.call('GET', `/v1/keys/${keyId}/usage${query}`)
  assert.equal(status, 200, text)
  return body.data
}
const callsOf = (rows: readonly Row[]) =>
  Object.fromEntries(rows.map((row) => [`${row.outcome} ${row.scope}`.trim(), row.calls]))

describe('reported usage', () => {
  it('KEY-19: stores the last use with time and address; a refusal is counted but is not a use', async () => {
    const { id, keyId } = await aSecret()
    assert.equal((await secretOf(keyId)).last_used_at, null)
    await report([item(id, { outcome: 'ip_not_allowed' })])
    assert.equal((await secretOf(keyId)).last_used_at, null)
    assert.equal((await report([item(id)])).status, 200)
    const { body } = await app.call('GET', `/v1/keys/${keyId}`)
    assert.deepEqual([body.last_used_at, body.last_used_ip], [app.clock.now().toISOString(), '198.51.100.7'])
    assert.deepEqual(callsOf(await usageOf(keyId)), {
      'accepted orders:read': 3,
      'ip_not_allowed orders:read': 3,
    })
  })

  it('KEY-19: stores the first use at once and later ones once a minute, and counts each', async () => {
    const { id, keyId } = await aSecret()
    const uses: string[] = []
    for (const seconds of [0, 59, 1, 59]) {
      app.clock.advance({ seconds })
      await report([item(id)])
      uses.push((await secretOf(keyId)).last_used_at)
    }
    const [first, , second] = uses
    assert.equal(Date.parse(second ?? '') - Date.parse(first ?? ''), 60_000)
    assert.deepEqual(uses, [first, first, second, second])
    assert.deepEqual(callsOf(await usageOf(keyId)), { 'accepted orders:read': 12 })
    app.clock.advance({ seconds: 1 })
  })

  it('KEY-11: stores each use in a rotation; before it, an old secret counts as used a minute later than is stored', async () => {
    const { id, keyId } = await aSecret()
    await report([item(id)])
    app.clock.advance({ seconds: 59 })
    await report([item(id)])
    const { body } = await app.call('POST', `/v1/keys/${keyId}/rotate`, {})
    const next = body.rotation.new_secret_id
    const rotation = async () => (await app.call('GET', `/v1/keys/${keyId}/rotation`)).body
    await report([item(next)])
    app.clock.advance({ seconds: 3_600 })
    assert.equal((await rotation()).verdict.code, 'old_secret_in_use', 'unused for an hour and no more')
    app.clock.advance({ seconds: 1 })
    assert.equal((await rotation()).verdict.code, 'old_secret_quiet')

    for (const used of [id, next, id, next]) {
      app.clock.advance({ seconds: 15 })
      await report([item(used)])
      const { secrets } = (await app.call('GET', `/v1/keys/${keyId}`)).body
      const stored = secrets.find((secret: { id: string }) => secret.id === used)
      assert.equal(stored.last_used_at, app.clock.now().toISOString())
    }
    assert.equal((await rotation()).verdict.code, 'old_secret_in_use')
  })

  it('counts a batch once that arrives twelve times concurrently', async () => {
    const { id, keyId } = await aSecret()
    const batchId = nextId()
    const answers = await Promise.all(Array.from({ length: 12 }, () => report([item(id)], [], batchId)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array(12).fill(200),
    )
    assert.deepEqual(callsOf(await usageOf(keyId)), { 'accepted orders:read': 3 })
  })

  it('counts concurrent batches of the same secrets in another order without a deadlock', async () => {
    const secrets = await Promise.all([aSecret(), aSecret(), aSecret()])
    const items = secrets.map(({ id }) => item(id)).concat(item(null, { outcome: 'unknown' }))
    const refused = secrets.map(({ id }) => item(id, { outcome: 'expired' }))
    const inUrl = secrets.map(({ text }) => ({ hash: hashCredential(text), at: items[0]?.minute, ip: null }))
    const unknown = [item(null, { outcome: 'unknown' })]
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, at) =>
        at < 12
          ? report(at % 2 === 0 ? [...items, ...refused] : [...refused, ...items].reverse())
          : report(unknown, at % 2 === 0 ? inUrl : inUrl.toReversed()),
      ),
    )
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    for (const { keyId } of secrets)
      assert.deepEqual(callsOf(await usageOf(keyId)), {
        'accepted orders:read': 36,
        'expired orders:read': 36,
      })
  })

  it('counts a verification with two scopes for each, as one call', async () => {
    const { id, keyId } = await aSecret()
    await report([
      item(id, { scope: 'orders:read', count: 2, calls: 2 }),
      item(id, { scope: 'orders:write', count: 2, calls: 0 }),
    ])
    const rows = await usageOf(keyId)
    assert.deepEqual(
      rows.map(({ scope, count, calls }) => [scope, count, calls]),
      [
        ['orders:read', 2, 2],
        ['orders:write', 2, 0],
      ],
    )
  })

  it('does not move the last use back for a late batch, nor into the future', async () => {
    const { id, keyId } = await aSecret()
    const now = app.clock.now()
    const at = (text: string) => ({ last_at: text, minute: text })
    await report([item(id, at('2099-01-01T00:00:00Z'))])
    assert.equal((await secretOf(keyId)).last_used_at, now.toISOString())
    assert.deepEqual(
      (await usageOf(keyId, '?grain=minute')).map((row) => row.bucket),
      [now.toISOString()],
    )
    await report([item(id, { ...at('2001-01-01T00:00:00Z'), last_ip: '10.0.0.1' })])
    assert.equal((await secretOf(keyId)).last_used_ip, '198.51.100.7')
    assert.equal((await report([item(id, at('0000-01-01T00:00:00Z'))])).status, 200)
  })

  it('skips unknown credentials and counts the rest', async () => {
    const { id, keyId } = await aSecret()
    assert.equal((await report([item('sec_madeup'), item(id)])).status, 200)
    assert.deepEqual(callsOf(await usageOf(keyId)), { 'accepted orders:read': 3 })
  })

  it('OPS-05: reports the invalid items of a batch and counts the others', async () => {
    const { id, keyId, text } = await aSecret()
    const at = app.clock.now().toISOString()
    const { status, body } = await report(
      [
        item(''),
        item(id),
        item(id, { last_ip: `fe80::1%${'a'.repeat(100)}` }),
        item(id, { count: -1 }),
        item(id, { outcome: 'Accepted!' }),
        item(id, { new_field: 1 }),
        item(id, { minute: 'yesterday' }),
        null as unknown as object,
        item(id),
      ],
      [
        { hash: 'x', at, ip: null },
        { hash: hashCredential(text), at, ip: null },
      ],
    )
    assert.equal(status, 200)
    assert.deepEqual(
      body.not_taken.map((each: { at: string }) => each.at),
      [
        '/items/0/credential_id',
        '/items/2/last_ip',
        '/items/3/count',
        '/items/4/outcome',
        '/items/5',
        '/items/6/minute',
        '/items/7',
        '/exposed/0/hash',
      ],
    )
    assert.deepEqual(callsOf(await usageOf(keyId)), { 'accepted orders:read': 6 })
    assert.equal((await secretOf(keyId)).exposed_at, at)
  })

  it('stores unknown credentials as one row, whatever a sender reports of them', async () => {
    await report([
      item(null, { outcome: 'unknown', scope: '', last_ip: '203.0.113.1' }),
      item(null, { outcome: 'made_up', scope: 'orders:read', last_ip: '203.0.113.2' }),
    ])
    const rows = await app.db
      .selectFrom('usage_minutes')
      .selectAll()
      .where('credential_id', '=', 'unknown')
      .execute()
    assert.deepEqual([...new Set(rows.map(({ outcome, scope }) => `${outcome}${scope}`))], ['unknown'])
  })

  it('marks a secret that was seen in a URL, and audits it once', async () => {
    const { keyId, text } = await aSecret()
    const exposed = [{ hash: hashCredential(text), at: app.clock.now().toISOString(), ip: null }]
    await report([], exposed)
    await report([], exposed)
    assert.equal((await secretOf(keyId)).exposed_at, app.clock.now().toISOString())
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${keyId}&action=key.exposed`)
    assert.equal(body.data.length, 1)
    assert.equal(body.data[0].owner_id, 'org_1')
  })
})

describe('usage that the server counts itself', () => {
  it('OPS-04: is written when the server stops: every outcome, with the requested scopes', async () => {
    const own = await openTestApp()
    const verify = (secret: string, more: object = {}) =>
      own.call('POST', '/v1/verify', {
        credential: secret,
        client_ip: '198.51.100.9',
        user_agent: 'cron',
        ...more,
      })
    const { id, secret } = await own.keyFor('org_1')
    const revoked = await own.keyFor('org_1')
    const rotated = await own.keyFor('org_1')
    const expired = await own.keyFor('org_1', {
      expires_at: new Date(own.clock.now().getTime() + 1_000).toISOString(),
    })
    await own.call('POST', `/v1/keys/${revoked.id}/revoke`)
    await own.call('POST', `/v1/keys/${rotated.id}/rotate`, { overlap_seconds: 0 })
    own.clock.advance({ seconds: 1 })
    await verify(secret, { scopes: ['orders:read'] })
    await verify(secret, { scopes: ['orders:read'] })
    await verify(secret)
    await verify(secret, { dry_run: true })
    await verify(secret, { scopes: ['orders:read', 'orders:write'] })
    await verify(secret, { scopes: ['orders:read'], environment: 'test' })
    await verify(revoked.secret)
    await verify(rotated.secret)
    await verify(expired.secret)
    await verify(mintCredential('api_key', { environment: 'live' }).reveal())
    await verify(mintCredential('api_key', { environment: 'live' }).reveal(), { client_ip: '203.0.113.66' })
    await verify('sk_live_nonsense')
    await own.app.close()

    const rows = await own.db
      .selectFrom('usage_minutes')
      .selectAll()
      .where('credential_id', 'not in', ['all', 'owner:org_1'])
      .execute()
    assert.deepEqual(rows.map((row) => `${row.outcome} ${row.scope} ${row.count} ${row.calls}`).sort(), [
      'accepted  1 1',
      'accepted orders:read 2 2',
      'environment_mismatch orders:read 1 1',
      'expired  1 1',
      'missing_scope orders:read 1 1',
      'missing_scope orders:write 1 0',
      'revoked  1 1',
      'rotated  1 1',
      'unknown  2 2',
    ])
    assert.ok(rows.every((row) => row.bucket.getTime() % 60_000 === 0))
    const row = await own.db
      .selectFrom('secrets')
      .selectAll()
      .where('holder_id', '=', id)
      .executeTakeFirstOrThrow()
    assert.deepEqual([row.last_used_ip, row.last_used_user_agent], ['198.51.100.9', 'cron'])
    const last = await own.db
      .selectFrom('last_refusals')
      .select(['ip', 'user_agent'])
      .where('credential_id', '=', 'unknown')
      .execute()
    assert.deepEqual(last, [{ ip: '203.0.113.66', user_agent: 'cron' }])
    await own.close()
  })
})
