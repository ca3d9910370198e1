import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../../test/app.ts'

/** The verification endpoint's verdict on a secret. */
async function verdict(app: TestApp, credential: string, more: Record<string, unknown> = {}) {
  const { body } = await app.call('POST', '/v1/verify', { credential, ...more })
  return body.valid ? 'valid' : body.refusal.reason
}

describe('the life of a key', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  it('KEY-04 KEY-05: the secret is in the answer to its creation, not cached, and in no other answer', async () => {
    const made = await app.call('POST', '/v1/keys', {
      owner_id: 'org_1',
      name: 'a',
      environment: 'live',
      scopes: [],
    })
    assert.equal(made.status, 201)
    assert.match(made.body.secret, /^sk_live_[0-9A-Za-z]{49}$/)
    assert.equal(made.headers['cache-control'], 'no-store')
    for (const url of [`/v1/keys/${made.body.id}`, '/v1/keys', '/v1/audit-events']) {
      const read = await app.call('GET', url)
      assert.equal(read.status, 200)
      assert.ok(!read.text.includes(made.body.secret.slice('sk_live_'.length + 4)))
    }
  })

  it('KEY-07: only the prefix and four characters are shown afterwards', async () => {
    const { id, secret } = await app.keyFor('org_1')
    const { body } = await app.call('GET', `/v1/keys/${id}`)
    assert.equal(body.hint, `${secret.slice(0, 'sk_live_'.length + 4)}…`)
  })

  it('KEY-08: a key is refused from the second of its expiry, and can still be read', async () => {
    const { id, secret } = await app.keyFor('org_1', { lifetime_seconds: 60 })
    app.clock.advance({ seconds: 59, ms: 999 })
    assert.equal(await verdict(app, secret), 'valid')
    app.clock.advance({ ms: 1 })
    assert.equal(await verdict(app, secret), 'expired')
    const { body } = await app.call('GET', `/v1/keys/${id}`)
    assert.equal(body.state, 'expired')
  })

  it('KEY-08: a new expiry does not revive an expired key', async () => {
    const { id, secret } = await app.keyFor('org_1', { lifetime_seconds: 1 })
    app.clock.advance({ seconds: 1 })
    const answer = await app.call('PATCH', `/v1/keys/${id}`, { expires_at: '2040-01-01T00:00:00Z' })
    assert.deepEqual([answer.status, answer.body.code], [409, 'key_expired'])
    assert.equal(await verdict(app, secret), 'expired')
  })

  it('KEY-14: a disabled key can be enabled, a revoked one cannot', async () => {
    const { id, secret } = await app.keyFor('org_1')
    await app.call('POST', `/v1/keys/${id}/disable`)
    assert.equal(await verdict(app, secret), 'disabled')
    await app.call('POST', `/v1/keys/${id}/enable`)
    assert.equal(await verdict(app, secret), 'valid')

    const revoked = await app.call('POST', `/v1/keys/${id}/revoke`, { reason: 'left the company' })
    assert.deepEqual([revoked.body.state, revoked.body.secrets[0].state], ['revoked', 'ended'])
    assert.equal(await verdict(app, secret), 'revoked')
    for (const verb of ['enable', 'disable', 'rotate', 'rotation/finish', 'rotation/undo']) {
      const answer = await app.call('POST', `/v1/keys/${id}/${verb}`)
      assert.deepEqual([verb, answer.status, answer.body.code], [verb, 409, 'key_revoked'])
    }
    const changed = await app.call('PATCH', `/v1/keys/${id}`, { name: 'b' })
    assert.equal(changed.body.code, 'key_revoked')
    const again = await app.call('POST', `/v1/keys/${id}/revoke`, { reason: 'another reason' })
    assert.equal(again.body.revoked_reason, 'left the company')
    assert.equal(await verdict(app, secret), 'revoked')
  })

  it('KEY-15: suspending an owner suspends all of its keys at once, and no other owner’s', async () => {
    const [mine, also, other] = [
      await app.keyFor('org_s'),
      await app.keyFor('org_s'),
      await app.keyFor('org_t'),
    ]
    assert.equal(await verdict(app, mine.secret), 'valid')
    await app.call('POST', '/v1/owners/org_s/suspend', { reason: 'unpaid' })
    assert.equal(await verdict(app, mine.secret), 'owner_suspended')
    assert.equal(await verdict(app, also.secret), 'owner_suspended')
    assert.equal(await verdict(app, other.secret), 'valid')
    const rotated = await app.call('POST', `/v1/keys/${mine.id}/rotate`)
    assert.equal(rotated.body.code, 'owner_suspended')
    await app.call('POST', '/v1/owners/org_s/resume')
    assert.equal(await verdict(app, mine.secret), 'valid')
  })

  it('KEY-18: a key works in its own environment only', async () => {
    const { secret } = await app.keyFor('org_1', { environment: 'test' })
    assert.match(secret, /^sk_test_/)
    assert.equal(await verdict(app, secret, { environment: 'live' }), 'environment_mismatch')
    assert.equal(await verdict(app, secret, { environment: 'test' }), 'valid')
  })

  it('VER-12: an allow-list refuses other addresses, and an unknown one', async () => {
    const { id, secret } = await app.keyFor('org_1', { ip_allowlist: ['203.0.113.0/24', '2001:db8::/32'] })
    assert.equal(await verdict(app, secret, { client_ip: '203.0.113.9' }), 'valid')
    assert.equal(await verdict(app, secret, { client_ip: '::ffff:203.0.113.9' }), 'valid')
    assert.equal(await verdict(app, secret, { client_ip: '2001:db8::1' }), 'valid')
    for (const client_ip of ['203.0.114.1', '127.0.0.1', 'garbage'])
      assert.equal(await verdict(app, secret, { client_ip }), 'ip_not_allowed')
    assert.equal(await verdict(app, secret), 'ip_not_allowed')

    const emptied = await app.call('PATCH', `/v1/keys/${id}`, { ip_allowlist: [] })
    assert.equal(emptied.status, 400, 'an empty list must not come to mean "from anywhere"')
    await app.call('PATCH', `/v1/keys/${id}`, { ip_allowlist: null })
    assert.equal(await verdict(app, secret), 'valid')
  })

  it('VER-03: scopes are compared whole, with what they imply and nothing else', async () => {
    for (const name of ['reports:read', 'reports:readonly'])
      await app.call('POST', '/v1/scopes', { name, description: name })
    await app.call('POST', '/v1/scopes', {
      name: 'reports:write',
      description: 'w',
      implies: ['reports:read'],
    })
    await app.call('POST', '/v1/scopes', {
      name: 'reports:admin',
      description: 'a',
      implies: ['reports:write'],
    })
    const { secret } = await app.keyFor('org_1', { scopes: ['reports:write'] })
    const holds = (scope: string) => verdict(app, secret, { scopes: [scope] })
    assert.equal(await holds('reports:write'), 'valid')
    assert.equal(await holds('reports:read'), 'valid')
    for (const scope of ['reports:admin', 'reports:readonly'])
      assert.equal(await holds(scope), 'missing_scope', scope)
    for (const scope of ['reports:rea', 'Reports:read', 'reports:*', '*', '']) {
      const { status, body } = await app.call('POST', '/v1/verify', { credential: secret, scopes: [scope] })
      assert.deepEqual([status, body.code], [400, 'unknown_scope'], scope)
    }
  })

  it('VER-03: a key without its last scope may do nothing', async () => {
    const { id, secret } = await app.keyFor('org_1')
    const changed = await app.call('PATCH', `/v1/keys/${id}`, { scopes: [] })
    assert.deepEqual(changed.body.scopes, [])
    assert.equal(await verdict(app, secret, { scopes: ['orders:read'] }), 'missing_scope')
    assert.equal(await verdict(app, secret), 'valid')
  })

  it('KEY-13: finds the key of a pasted secret, and nothing for a caller that may not see the key', async () => {
    const { id, secret } = await app.keyFor('org_1')
    const found = await app.call('POST', '/v1/keys/lookup', { secret: ` ${secret}\n` })
    assert.equal(found.body.id, id)
    const stranger = await app.adminKeyWith(['keys:read'], 'org_other')
    const hidden = await app.call('POST', '/v1/keys/lookup', { secret }, { as: stranger })
    const unknown = await app.call('POST', '/v1/keys/lookup', { secret: `${secret}x` }, { as: stranger })
    assert.deepEqual([hidden.status, unknown.status], [404, 404])
    const { request_id: _, ...same } = hidden.body
    assert.deepEqual(same, (({ request_id, ...rest }) => rest)(unknown.body))
  })

  it('MGT-05: an admin key bound to one owner makes keys for that owner only', async () => {
    const bound = await app.adminKeyWith(['keys:read', 'keys:write'], 'org_b')
    const asked = { name: 'a', environment: 'live', scopes: [] }
    const own = await app.call('POST', '/v1/keys', { ...asked, owner_id: 'org_b' }, { as: bound })
    assert.equal(own.status, 201)
    const foreign = await app.call('POST', '/v1/keys', { ...asked, owner_id: 'org_a' }, { as: bound })
    assert.deepEqual([foreign.status, foreign.body.code], [403, 'owner_not_covered'])
  })

  it('KEY-16: names and metadata hold any Unicode, and are returned unchanged', async () => {
    const name = 'Zürich 🗝️ مفتاح'
    const metadata = { ключ: ['値', 1.5, null, { '🗝️': true }] }
    const { id, secret } = await app.keyFor('org_1', { name, metadata })
    const { body } = await app.call('GET', `/v1/keys/${id}`)
    assert.equal(body.name, name)
    assert.deepEqual(body.metadata, metadata)
    const verified = await app.call('POST', '/v1/verify', { credential: secret })
    assert.deepEqual(verified.body.principal.metadata, metadata)
  })
})

describe('policy', () => {
  it('KEY-09: no key outlives the longest lifetime that the operator allows', async (t) => {
    const policy = { environments: ['live'], maxLifetimeSeconds: 90 * 86_400, maxKeysPerOwner: 1000 }
    const app = await openTestApp({ policy })
    t.after(() => app.close())
    const ask = (more: object) =>
      app.call('POST', '/v1/keys', { owner_id: 'o', name: 'a', environment: 'live', scopes: [], ...more })
    const latest = new Date(app.clock.now().getTime() + 90 * 86_400_000).toISOString()

    assert.equal((await ask({})).body.expires_at, latest)
    assert.equal((await ask({ expires_at: null })).body.code, 'lifetime_too_long')
    assert.equal((await ask({ lifetime_seconds: 90 * 86_400 + 1 })).body.code, 'lifetime_too_long')
    const { body: key } = await ask({ lifetime_seconds: 60 })
    app.clock.advance({ seconds: 30 })
    const stretched = await app.call('PATCH', `/v1/keys/${key.id}`, {
      expires_at: new Date(Date.parse(latest) + 1000).toISOString(),
    })
    assert.equal(stretched.body.code, 'lifetime_too_long')
    assert.equal((await app.call('PATCH', `/v1/keys/${key.id}`, { expires_at: latest })).status, 200)
  })

  it('KEY-17: an owner has no more keys that are neither revoked nor expired than the operator allows', async (t) => {
    const app = await openTestApp({
      policy: { environments: ['live'], maxLifetimeSeconds: null, maxKeysPerOwner: 2 },
    })
    t.after(() => app.close())
    const ask = (more: object = {}) =>
      app.call('POST', '/v1/keys', { owner_id: 'o', name: 'a', environment: 'live', scopes: [], ...more })
    const { body: first } = await ask()
    await ask({ lifetime_seconds: 10 })
    assert.equal((await ask()).body.code, 'too_many_keys')
    await app.call('POST', `/v1/keys/${first.id}/revoke`)
    assert.equal((await ask()).status, 201)
    assert.equal((await ask()).body.code, 'too_many_keys')
    app.clock.advance({ seconds: 10 })
    assert.equal((await ask()).status, 201, 'an expired key takes no place')
  })

  it('KEY-02: a brand with underscores comes before the prefix', async (t) => {
    const app = await openTestApp({ brand: 'acme_corp' })
    t.after(() => app.close())
    const { secret } = await app.keyFor('o')
    assert.match(secret, /^acme_corp_sk_live_/)
    assert.equal(await verdict(app, secret, { scopes: ['orders:read'], environment: 'live' }), 'valid')
  })
})
