import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import { openTestApp, type TestApp } from '../../test/app.ts'

describe('verification by the server', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const verify = (body: object) => app.call('POST', '/v1/verify', body)

  it('VER-01: a verifier that is authorised gets the reason and what to do about it', async () => {
    const { secret } = await app.keyFor('org_1')
    const table: [object, string][] = [
      [{ credential: 'sk_live_nonsense' }, 'malformed'],
      [{ credential: '' }, 'malformed'],
      [{ credential: mintCredential('api_key', { environment: 'live' }).reveal() }, 'unknown'],
      [{ credential: secret, environment: 'test' }, 'environment_mismatch'],
      [{ credential: secret, scopes: ['orders:write'] }, 'missing_scope'],
    ]
    for (const [body, reason] of table) {
      const answer = await verify(body)
      assert.equal(answer.status, 200)
      assert.deepEqual([answer.body.valid, answer.body.refusal.reason], [false, reason])
      assert.ok(answer.body.refusal.message.length > 10 && answer.body.refusal.fix.length > 10)
      assert.equal(answer.body.principal, undefined)
    }
  })

  it('VER-01: a hash does as well as the credential', async () => {
    const { id, secret } = await app.keyFor('org_1')
    const { body } = await verify({ credential_sha256: hashCredential(secret), scopes: ['orders:read'] })
    assert.deepEqual([body.valid, body.principal.key_id, body.principal.owner_id], [true, id, 'org_1'])
    for (const both of [{}, { credential: secret, credential_sha256: hashCredential(secret) }])
      assert.equal((await verify(both)).status, 400)
  })

  it('VER-19: admin keys are no API keys, in verification and in lookups', async () => {
    const { body } = await verify({ credential: app.adminKey })
    assert.deepEqual([body.valid, body.refusal.reason], [false, 'unknown'])
    const hash = hashCredential(app.adminKey)
    const looked = await app.call('POST', '/v1/lookups', { hashes: [hash] })
    assert.deepEqual(looked.body.data, [{ hash, record: null }])
  })

  it('VER-02: verifying takes a permission of its own', async () => {
    const { secret } = await app.keyFor('org_1')
    const nosy = await app.adminKeyWith(['keys:read', 'keys:write'])
    for (const [url, body] of [
      ['/v1/verify', { credential: secret }],
      ['/v1/lookups', { hashes: [hashCredential(secret)] }],
      ['/v1/usage-batches', { id: 'batch_00000001', items: [], exposed: [] }],
    ] as const)
      assert.equal((await app.call('POST', url, body, { as: nosy })).status, 403)
  })

  it('lookups answer in the order of the question, each hash for itself', async () => {
    const [a, b] = [await app.keyFor('org_1'), await app.keyFor('org_2')]
    const unknown = hashCredential('nothing')
    const hashes = [hashCredential(b.secret), unknown, hashCredential(a.secret), hashCredential(b.secret)]
    const { body } = await app.call('POST', '/v1/lookups', { hashes })
    assert.deepEqual(
      body.data.map((entry: { hash: string }) => entry.hash),
      hashes,
    )
    const owners = body.data.map(
      (entry: { record: { owner_id: string } | null }) => entry.record?.owner_id ?? null,
    )
    assert.deepEqual(owners, ['org_2', null, 'org_1', 'org_2'])
  })

  it('KEY-10: what a management call ends is refused by the same server from the next call on', async () => {
    const { id, secret } = await app.keyFor('org_1')
    assert.equal((await verify({ credential: secret })).body.valid, true)
    await app.call('POST', `/v1/keys/${id}/revoke`)
    assert.equal((await verify({ credential: secret })).body.valid, false)
  })
})

describe('usage', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const item = (credential_id: string, more: object = {}) => ({
    credential_id,
    outcome: 'accepted',
    count: 3,
    last_at: app.clock.now().toISOString(),
    last_ip: '198.51.100.7',
    last_user_agent: 'curl/8',
    ...more,
  })
  const report = (id: string, items: object[], exposed: object[] = []) =>
    app.call('POST', '/v1/usage-batches', { id, items, exposed })
  const secretOf = async (keyId: string) => (await app.call('GET', `/v1/keys/${keyId}`)).body.secrets[0]
  const usageOf = async (keyId: string) => (await app.call('GET', `/v1/keys/${keyId}/usage`)).body.data

  it('KEY-19: the last use is kept with its time and address; a refusal is counted and is no use', async () => {
    const { id } = await app.keyFor('org_1')
    const secret = await secretOf(id)
    assert.equal(secret.last_used_at, null)
    await report('batch_refused1', [item(secret.id, { outcome: 'ip_not_allowed' })])
    assert.equal((await secretOf(id)).last_used_at, null)
    assert.equal((await report('batch_accept01', [item(secret.id)])).status, 204)
    const { body } = await app.call('GET', `/v1/keys/${id}`)
    assert.deepEqual([body.last_used_at, body.last_used_ip], [app.clock.now().toISOString(), '198.51.100.7'])
    const counts = (await usageOf(id)).map((row: { outcome: string; count: number }) => [
      row.outcome,
      row.count,
    ])
    assert.deepEqual(counts, [
      ['accepted', 3],
      ['ip_not_allowed', 3],
    ])
  })

  it('a batch that comes twice counts once', async () => {
    const { id } = await app.keyFor('org_1')
    const secret = await secretOf(id)
    const answers = await Promise.all([1, 2, 3].map(() => report('batch_same_id', [item(secret.id)])))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [204, 204, 204],
    )
    assert.equal((await usageOf(id))[0].count, 3)
  })

  it('a late batch does not move the last use back, and no batch moves it into the future', async () => {
    const { id } = await app.keyFor('org_1')
    const secret = await secretOf(id)
    const now = app.clock.now()
    await report('batch_future1', [item(secret.id, { last_at: '2099-01-01T00:00:00Z' })])
    assert.equal((await secretOf(id)).last_used_at, now.toISOString())
    await report('batch_late001', [item(secret.id, { last_at: '2001-01-01T00:00:00Z', last_ip: '10.0.0.1' })])
    assert.equal((await secretOf(id)).last_used_ip, '198.51.100.7')
  })

  it('what is not known here is passed over, and the rest is counted', async () => {
    const { id } = await app.keyFor('org_1')
    const secret = await secretOf(id)
    assert.equal(
      (await report('batch_mixed01', [item('sec_made_up'.replaceAll('_up', 'up')), item(secret.id)])).status,
      204,
    )
    assert.equal((await usageOf(id))[0].count, 3)
  })

  it('OPS-04: what the server counted itself is written when it stops', async () => {
    const own = await openTestApp()
    const { id, secret } = await own.keyFor('org_1')
    await own.call('POST', '/v1/verify', {
      credential: secret,
      client_ip: '198.51.100.9',
      user_agent: 'cron',
    })
    await own.call('POST', '/v1/verify', { credential: secret, dry_run: true })
    await own.app.close()
    const rows = await own.db.selectFrom('usage').selectAll().execute()
    assert.deepEqual(
      rows.map((row) => [row.outcome, Number(row.count)]),
      [['accepted', 1]],
    )
    const row = await own.db
      .selectFrom('secrets')
      .selectAll()
      .where('holder_id', '=', id)
      .executeTakeFirstOrThrow()
    assert.deepEqual([row.last_used_ip, row.last_used_user_agent], ['198.51.100.9', 'cron'])
    await own.close()
  })

  it('a secret that was seen in a URL is marked, and told once in the audit log', async () => {
    const { id, secret } = await app.keyFor('org_1')
    const exposed = [{ hash: hashCredential(secret), at: app.clock.now().toISOString(), ip: null }]
    await report('batch_exposed1', [], exposed)
    await report('batch_exposed2', [], exposed)
    assert.equal((await secretOf(id)).exposed_at, app.clock.now().toISOString())
    const { body } = await app.call('GET', `/v1/audit-events?target_id=${id}&action=key.exposed`)
    assert.equal(body.data.length, 1)
    assert.equal(body.data[0].owner_id, 'org_1')
  })
})

describe('credentials in URLs of the management API', () => {
  it('VER-13: a key in the URL is refused, and its owner can see that it was exposed', async () => {
    const app = await openTestApp()
    const { id, secret } = await app.keyFor('org_1')
    const refused = await app.call('GET', `/v1/keys?key=${secret}`)
    assert.deepEqual([refused.status, refused.body.code], [400, 'credential_in_url'])
    assert.ok(!refused.text.includes(secret))
    await app.app.close()
    const row = await app.db
      .selectFrom('secrets')
      .selectAll()
      .where('holder_id', '=', id)
      .executeTakeFirstOrThrow()
    assert.deepEqual(row.exposed_at, app.clock.now())
    await app.close()
  })
})
