import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { staffAs } from '../../test/staff.ts'

let app: TestApp
before(async () => {
  app = await openTestApp()
})
after(() => app.close())

const explain = async (body: object, as?: string) =>
  await app.call('POST', '/v1/explanations', body, as === undefined ? {} : { as })
const hashed = ({ secret }: { secret: string }) => ({ secret_sha256: hashCredential(secret) })

describe('why a credential is refused', () => {
  const cases: [name: string, prepare: (id: string) => Promise<unknown>, reason: string, fix: RegExp][] = [
    ['revoked', (id) => app.call('POST', `/v1/keys/${id}/revoke`), 'revoked', /cannot be undone/],
    ['disabled', (id) => app.call('POST', `/v1/keys/${id}/disable`), 'disabled', /Enable the key/],
    [
      'rotated',
      (id) => app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 0 }),
      'rotated',
      /newer secret/,
    ],
    [
      'its owner suspended',
      () => app.call('POST', '/v1/owners/org_suspended/suspend', { reason: 'test' }),
      'owner_suspended',
      /Resume the owner/,
    ],
  ]
  for (const [name, prepare, reason, fix] of cases)
    it(`says so, since when, and what to do: ${name}`, async () => {
      const key = await app.keyFor(reason === 'owner_suspended' ? 'org_suspended' : 'org_1')
      app.clock.advance({ seconds: 1 })
      const since = app.clock.now().toISOString()
      await prepare(key.id)
      app.clock.advance({ seconds: 1 })
      const { body } = await explain(hashed(key))
      assert.deepEqual(
        [body.kind, body.valid, body.refusal.reason, body.refusal.since, body.key.id],
        ['api_key', false, reason, since, key.id],
      )
      assert.match(body.refusal.fix, fix)
      assert.equal(body.key.hint, `${key.secret.slice(0, 12)}…`)
    })

  it('judges a call as a verifier would: environment, address and scopes, and says what was not given', async () => {
    const key = await app.keyFor('org_1', { ip_allowlist: ['203.0.113.0/24'], scopes: ['orders:read'] })
    const reasonFor = async (call: object) => {
      const { body, text } = await explain({ ...hashed(key), ...call })
      assert.ok('valid' in body, text)
      return body.refusal?.reason ?? 'valid'
    }
    await app.call('POST', '/v1/scopes', { name: 'orders:write', description: 'Writes' })
    assert.equal(await reasonFor({}), 'valid')
    assert.equal(await reasonFor({ environment: 'live', scopes: ['orders:read'] }), 'valid')
    assert.equal(await reasonFor({ environment: 'test', client_ip: '198.51.100.1' }), 'environment_mismatch')
    assert.equal(await reasonFor({ client_ip: '198.51.100.1' }), 'ip_not_allowed')
    assert.equal(await reasonFor({ client_ip: '203.0.113.5' }), 'valid')
    assert.equal(await reasonFor({ scopes: ['orders:write'] }), 'missing_scope')
    assert.deepEqual((await explain(hashed(key))).body.not_checked, ['scopes', 'environment', 'client_ip'])
    for (const [call, code] of [
      [{ scopes: ['orders:raed'] }, 'unknown_scope'],
      [{ environment: 'mars' }, 'unknown_environment'],
      [{ client_ip: 'somewhere' }, 'invalid_request'],
      [{ key_id: key.id }, 'invalid_request'],
    ] as const)
      assert.equal((await explain({ ...hashed(key), ...call })).body.code, code)
    assert.equal((await explain({})).body.code, 'invalid_request')
  })

  it('shows the last refusals of the key, and counts nothing itself', async () => {
    const key = await app.keyFor('org_1')
    const secret = (await app.call('GET', `/v1/keys/${key.id}`)).body.secrets[0].id
    const now = app.clock.now().toISOString()
    const item = {
      credential_id: secret,
      outcome: 'missing_scope',
      scope: 'orders:write',
      minute: now,
      count: 1,
    }
    const last = { calls: 1, last_at: now, last_ip: '198.51.100.7', last_user_agent: 'curl/8' }
    const items = [{ ...item, ...last }]
    await app.call('POST', '/v1/usage-batches', { id: 'batch_explained', items, exposed: [] })
    const usage = async () => (await app.call('GET', `/v1/keys/${key.id}/usage`)).body.data
    const before = await usage()
    const { body } = await explain({ key_id: key.id })
    assert.deepEqual([body.valid, body.refusal, body.credential_id], [true, null, secret])
    assert.deepEqual(body.last_refusals, [
      { secret_id: secret, reason: 'missing_scope', at: now, ip: '198.51.100.7', user_agent: 'curl/8' },
    ])
    assert.deepEqual(await usage(), before)
  })

  it('MGT-02: tells of another owner’s credential, or of one in an environment out of reach, what it tells of one that does not exist', async () => {
    const key = await app.keyFor('org_1')
    await app.call('POST', `/v1/keys/${key.id}/revoke`)
    const bound = await app.adminKeyWith(['keys:read'], 'org_2')
    const made = { secret: mintCredential('api_key', { environment: 'live' }).reveal() }
    for (const call of [{}, { scopes: ['orders:nonsense'] }, { client_ip: '198.51.100.1' }]) {
      const [foreign, unknown] = [
        await explain({ ...hashed(key), ...call }, bound),
        await explain({ ...hashed(made), ...call }, bound),
      ]
      assert.deepEqual([foreign.status, foreign.body], [200, unknown.body])
      assert.deepEqual([foreign.body.kind, foreign.body.refusal.reason], [null, 'unknown'])
    }
    const [foreign, unknown] = [
      await explain({ key_id: key.id }, bound),
      await explain({ key_id: 'key_none' }, bound),
    ]
    assert.deepEqual([foreign.status, unknown.status], [404, 404])
    assert.equal(foreign.body.detail, unknown.body.detail)

    const { as } = await staffAs(app, 'developer')
    const test = await app.keyFor('org_1', { environment: 'test' })
    const asDeveloper = async (body: object) => await app.call('POST', '/v1/explanations', body, as)
    assert.equal((await asDeveloper({ key_id: test.id })).body.valid, true)
    assert.equal((await asDeveloper({ key_id: key.id })).status, 404)
    const { status, body } = await asDeveloper(hashed(key))
    assert.deepEqual([status, body], [200, (await asDeveloper(hashed(made))).body])
    assert.equal(
      (await asDeveloper({ request_id: `req_${'0'.repeat(32)}` })).body.code,
      'insufficient_permission',
    )
  })
})

describe('why a request was refused', () => {
  it('is explained by its id: the permission, the caller and the fix; within reach and with `audit:read` only', async () => {
    const nosy = await app.adminKeyWith(['keys:read', 'audit:read'], 'org_2')
    const { headers } = await app.call('GET', '/v1/owners', undefined, { as: nosy })
    const requestId = String(headers['x-request-id'])
    const { body } = await explain({ request_id: requestId })
    assert.deepEqual(
      [body.kind, body.refusal.reason, body.request.method, body.request.route, body.request.id],
      ['management_request', 'insufficient_permission', 'GET', '/v1/owners', requestId],
    )
    assert.deepEqual(body.refusal.since, app.clock.now().toISOString())
    assert.deepEqual((await explain({ request_id: requestId }, nosy)).body, body)
    const [other, blind] = [
      await app.adminKeyWith(['keys:read', 'audit:read'], 'org_3'),
      await app.adminKeyWith(['keys:read']),
    ]
    assert.equal((await explain({ request_id: requestId }, other)).status, 404)
    assert.equal((await explain({ request_id: requestId }, blind)).body.code, 'insufficient_permission')
    assert.equal((await explain({ request_id: `req_${'0'.repeat(32)}` })).body.code, 'not_found')
  })
})
