import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { httpSource } from '@doorward/sdk'
import { doorward } from '@doorward/sdk/fetch'
import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { addSeconds } from '../base/clock.ts'

describe('verification by the server', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
  })
  after(() => app.close())

  const verify = (body: object) => app.call('POST', '/v1/verify', body)

  it('VER-01: returns the reason and the fix to an authorized verifier', async () => {
    const { secret } = await app.keyFor('org_1')
    await app.call('POST', '/v1/scopes', { name: 'orders:write', description: 'Change orders' })
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

  it('KEY-18: defaults to the first configured environment, accepts any for `*`, and refuses others', async () => {
    const { secret: live } = await app.keyFor('org_1')
    const { secret: test } = await app.keyFor('org_1', { environment: 'test' })
    const said = async (body: object) => {
      const answer = await verify(body)
      if (answer.status !== 200) return [answer.body.code, answer.body.detail]
      return answer.body.valid ? answer.body.principal.environment : answer.body.refusal.reason
    }
    assert.equal(await said({ credential: live }), 'live')
    assert.equal(await said({ credential: test }), 'environment_mismatch')
    assert.equal(await said({ credential_sha256: hashCredential(test) }), 'environment_mismatch')
    assert.equal(await said({ credential: test, environment: 'test' }), 'test')
    assert.equal(await said({ credential: test, environment: '*' }), 'test')
    assert.equal(await said({ credential: live, environment: '*' }), 'live')
    for (const environment of ['prod', '', 'Live', ' live', '**'])
      assert.deepEqual(await said({ credential: live, environment }), [
        'unknown_environment',
        `No environment ${JSON.stringify(environment)} is configured. Configured are: live, test.`,
      ])
    const batch = { verify: [{ credential: test }, { credential: live, environment: 'prod' }] }
    const { status, body } = await app.call('POST', '/v1/verify-batches', batch)
    assert.deepEqual([status, body.code], [400, 'unknown_environment'])
    assert.match(body.detail, /^\/verify\/1: /)
  })

  it('VER-22: warns the operator of an API once of each requirement that nobody declared', async (t) => {
    const { secret } = await app.keyFor('org_1', { scopes: ['invoices:read'] })
    const asked: unknown[] = []
    const source = httpSource({
      url: 'http://127.0.0.1',
      adminKey: app.adminKey,
      feed: false,
      fetch: async (url, init) => {
        const path = new URL(String(url)).pathname
        asked.push(path)
        const { status, text } = await app.call('POST', path, JSON.parse(String(init?.body)))
        return new Response(text, { status })
      },
    })
    const warned: string[] = []
    const open = (environment: string) => {
      const api = doorward({ environment, source, onError: (error) => warned.push(String(error)) })
      t.after(() => api.close())
      return async (...scopes: string[]) => {
        const request = new Request('http://api/', { headers: { authorization: `Bearer ${secret}` } })
        return (await api.guard(...scopes)(() => new Response())(request)).status
      }
    }
    const guarded = open('live')
    await app.call('POST', '/v1/scopes', { name: 'invoices:write', description: 'Change invoices' })
    assert.equal(await guarded('invoices:read'), 200)
    for (const scope of ['invoice:read', 'invoice:read', 'invoices:write', 'invoices:write'])
      assert.equal(await guarded(scope), 403)
    await eventually(
      async () => asked.filter((path) => path === '/v1/verify').join(),
      '/v1/verify,/v1/verify',
    )
    assert.equal(await open('lvie')('invoices:read'), 401)
    const said = [
      'Error: No environment "lvie" is configured. Configured are: live, test.',
      'Error: No scope "invoice:read" is declared; did you mean "invoices:read"?',
    ]
    const warnings = async () =>
      warned
        .map((each) => each.split(' This API')[0])
        .sort()
        .join('\n')
    await eventually(warnings, said.join('\n'))
  })

  it('VER-22: rejects a request with an undeclared scope, and takes no units for it', async () => {
    const { secret } = await app.keyFor('org_1', {
      scopes: ['invoices:read'],
      quota: { limit: 5, period: 'day' },
    })
    const { status, body } = await verify({ credential: secret, scopes: ['invoices:read', 'invoice:read'] })
    assert.deepEqual([status, body.code], [400, 'unknown_scope'])
    assert.deepEqual(body.faults, [
      { at: '/scopes/1', message: 'No scope "invoice:read" is declared; did you mean "invoices:read"?' },
    ])
    const questions = [
      { credential: secret },
      { credential: secret, scopes: ['invoices:read'] },
      { credential: secret, scopes: ['nobodys:read'] },
    ]
    const batch = await app.call('POST', '/v1/verify-batches', { verify: questions })
    assert.deepEqual([batch.status, batch.body.faults[0].at], [400, '/verify/2/scopes/0'])
    const { body: after } = await verify({ credential: secret })
    assert.deepEqual([after.valid, after.limits[0].remaining], [true, 4])

    const dead = await verify({ credential: 'sk_live_nonsense', scopes: ['nobodys:read'] })
    assert.deepEqual([dead.status, dead.body.refusal.reason], [200, 'malformed'])
    // New scopes are not published to verifiers: the request itself triggers a fresh read of the catalogue.
    await app.call('POST', '/v1/scopes', { name: 'nobodys:read', description: 'Is somebody’s now' })
    const declared = await verify({ credential: secret, scopes: ['nobodys:read'] })
    assert.deepEqual([declared.status, declared.body.refusal.reason], [200, 'missing_scope'])
  })

  it('KEY-03: reports a space or newline around a credential, and does not trim it', async () => {
    const { secret } = await app.keyFor('org_1')
    for (const credential of [`${secret}\n`, ` ${secret}`, `${secret}\r\n`, `\t${secret} `]) {
      const { body } = await verify({ credential })
      assert.deepEqual([body.valid, body.refusal.reason], [false, 'malformed'])
      assert.match(body.refusal.fix, /blank or newline around it/)
    }
    const { body } = await verify({ credential: `${secret.slice(0, 10)} ${secret.slice(10)}` })
    assert.match(body.refusal.fix, /a character is missing/)
  })

  it('warns of a key that ends within a week, and of a secret that is being replaced', async () => {
    const { secret: endless } = await app.keyFor('org_1')
    const end = addSeconds(app.clock.now(), 8 * 86_400).toISOString()
    const { id, secret } = await app.keyFor('org_1', { expires_at: end })
    const warnings = async (credential: string) => (await verify({ credential })).body.warnings
    assert.deepEqual([await warnings(endless), await warnings(secret)], [undefined, undefined])
    app.clock.advance({ days: 1 })
    assert.deepEqual(await warnings(secret), [{ code: 'expires_soon', at: end }])
    const { body } = await app.call('POST', `/v1/keys/${id}/rotate`, { lifetime_seconds: 90 * 86_400 })
    await eventually(
      async () => JSON.stringify(await warnings(secret)),
      JSON.stringify([
        { code: 'expires_soon', at: end },
        { code: 'old_secret_in_use', at: body.rotation.ends_at },
      ]),
    )
    assert.equal(await warnings(body.secret), undefined)
  })

  it('VER-01: accepts a hash in place of the credential', async () => {
    const { id, secret } = await app.keyFor('org_1')
    const { body } = await verify({ credential_sha256: hashCredential(secret), scopes: ['orders:read'] })
    assert.deepEqual([body.valid, body.principal.key_id, body.principal.owner_id], [true, id, 'org_1'])
    for (const both of [{}, { credential: secret, credential_sha256: hashCredential(secret) }])
      assert.equal((await verify(both)).status, 400)
  })

  it('VER-19: admin keys are not API keys, in verification and in lookups', async () => {
    const { body } = await verify({ credential: app.adminKey })
    assert.deepEqual([body.valid, body.refusal.reason], [false, 'unknown'])
    const hash = hashCredential(app.adminKey)
    const looked = await app.call('POST', '/v1/lookups', { hashes: [hash] })
    assert.deepEqual(looked.body.data, [{ hash, record: null }])
  })

  it('VER-02: verification requires its own permission', async () => {
    const { secret } = await app.keyFor('org_1')
    const nosy = await app.adminKeyWith(['keys:read', 'keys:write'])
    for (const [url, body] of [
      ['/v1/verify', { credential: secret }],
      ['/v1/lookups', { hashes: [hashCredential(secret)] }],
      ['/v1/usage-batches', { id: 'batch_00000001', items: [], exposed: [] }],
    ] as const)
      assert.equal((await app.call('POST', url, body, { as: nosy })).status, 403)
  })

  it('lookups return records in the order of the hashes, each independently', async () => {
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

  it('lookups return a key’s rare properties as stored, in one request with an unknown hash', async () => {
    const metadata = { tab: '\t', line: '\n', quote: '"\\', list: [1, null] }
    const more = {
      metadata,
      ip_allowlist: ['10.0.0.0/8', '2001:db8::/32'],
      rate_limits: [{ name: 'burst', limit: 9, window_seconds: 60 }],
      expires_at: '2030-06-01T00:00:00.123Z',
      scopes: [],
    }
    const [plain, full] = [await app.keyFor('org_1'), await app.keyFor('org_1', more)]
    const client = await app.clientFor('org_1')
    const hashes = [client.client_secret, full.secret, app.adminKey, plain.secret].map(hashCredential)
    const { body } = await app.call('POST', '/v1/lookups', { hashes })
    const records = body.data.map((entry: { record: object | null }) => entry.record)
    assert.deepEqual([records[0], records[2]], [null, null])
    assert.equal(records[1].key_id, full.id)
    assert.deepEqual(records[1].metadata, metadata)
    assert.deepEqual(records[1].ip_allowlist, more.ip_allowlist)
    assert.deepEqual(records[1].limits.key.rate_limits, more.rate_limits)
    assert.deepEqual([records[1].expires_at, records[1].scopes], [more.expires_at, []])
    const { metadata: none, ip_allowlist: anywhere, limits, expires_at: never } = records[3]
    assert.deepEqual([records[3].key_id, none, anywhere, limits, never], [plain.id, {}, null, null, null])
  })

  it('KEY-10: a server refuses a key from the next call after it revoked the key', async () => {
    const { id, secret } = await app.keyFor('org_1')
    assert.equal((await verify({ credential: secret })).body.valid, true)
    await app.call('POST', `/v1/keys/${id}/revoke`)
    assert.equal((await verify({ credential: secret })).body.valid, false)
  })
})

describe('credentials in URLs of this server', () => {
  it('VER-13, AUD-03: are refused, marked as exposed and not logged, at every path and in every escaping', async () => {
    const app = await openTestApp()
    const places: ((secret: string) => string)[] = [
      (secret) => `/v1/keys?key=${secret}`,
      (secret) => `/v1/keys?name=${encodeURIComponent(`Bearer ${secret}\n`)}`,
      (secret) => `/v1/keys/${secret}`,
      (secret) => `/v1/keys/${secret.replaceAll('_', '%5F')}/revoke`,
      (secret) => `/v1/keys/${secret.replaceAll('_', '%255f')}more`,
      (secret) => `/v1/nothing/${secret}`,
      (secret) => `/sign-in?next=${encodeURIComponent(`/x?y=${secret}`)}`,
      (secret) => `/oauth/token?client_secret=${secret}`,
      (secret) => `/livez?${secret}`,
      (secret) => `/${secret}`,
    ]
    const keys = []
    for (const place of places) {
      const key = await app.keyFor('org_1')
      keys.push(key)
      for (const as of [app.adminKey, null]) {
        const refused = await app.call('GET', place(key.secret), undefined, { as })
        assert.deepEqual([refused.status, refused.body.code], [400, 'credential_in_url'], place('…'))
        assert.ok(!refused.text.includes(key.secret.slice(-49)))
      }
    }
    await app.app.close()
    for (const [at, { id, secret }] of keys.entries()) {
      const { exposed_at } = await app.db
        .selectFrom('secrets')
        .select('exposed_at')
        .where('holder_id', '=', id)
        .executeTakeFirstOrThrow()
      assert.deepEqual(exposed_at, app.clock.now(), `place ${at}`)
      assert.ok(!app.log().includes(secret.slice(-49)), `place ${at}`)
    }
    assert.match(app.log(), /"route":"\/v1\/keys\/:id"/)
    await app.close()
  })
})
