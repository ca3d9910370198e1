import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import fc from 'fast-check'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { comparable, FOR_SCRIPTS } from '../../test/both-ways.ts'

/** Requests through a socket take the fast path where they can; injected ones always take the slow path. */
describe('the fast path of /v1/verify', () => {
  let app: TestApp
  let base: string
  let secret: string
  let revoked: string
  let verifyOnly: string
  let mayNot: string
  before(async () => {
    app = await openTestApp()
    await app.app.listen({ port: 0, host: '127.0.0.1' })
    base = `http://127.0.0.1:${(app.app.server.address() as AddressInfo).port}`
    secret = (await app.keyFor('org_1', { metadata: { plan: 'größer' } })).secret
    const other = await app.keyFor('org_1')
    await app.call('POST', '/v1/scopes', { name: 'orders:write', description: 'Change orders' })
    revoked = other.secret
    await app.call('POST', `/v1/keys/${other.id}/revoke`, { reason: 'test' })
    verifyOnly = await app.adminKeyWith(['verify'])
    mayNot = await app.adminKeyWith(['keys:read'])
    // The fast path opens after the first request on the slow path.
    await send('POST', '/v1/verify', { credential: secret })
  })
  after(() => app.close())

  type Headers = Record<string, string>

  async function send(method: string, path: string, body: unknown, headers: Headers = {}) {
    const answer = await fetch(base + path, {
      method,
      headers: { authorization: `Bearer ${verifyOnly}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }
  }

  async function inject(method: 'POST', path: string, body: unknown, headers: Headers = {}) {
    const answer = await app.app.inject({
      method,
      url: path,
      headers: { authorization: `Bearer ${verifyOnly}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.statusCode, headers: answer.headers, text: answer.body }
  }

  async function sameBothWays(path: string, body: unknown, headers?: Headers): Promise<number> {
    const short = await send('POST', path, body, headers)
    const long = await inject('POST', path, body, headers)
    const [one, other] = [short, long].map((each) => {
      // The one fault that the fast path finds: it is known only once the credential is judged.
      const isShort = each.status === 200 || each.text.includes('"code":"unknown_scope"')
      return comparable(each, isShort, FOR_SCRIPTS)
    })
    assert.deepEqual(one, other, `${path} ${JSON.stringify(body)?.slice(0, 200)}`)
    return short.status
  }

  it('gives the same response as the slow path for every request, except headers for browsers', async () => {
    const unknown = mintCredential('api_key', { environment: 'live' }).reveal()
    const asked: [body: unknown, status: number][] = [
      [{ credential: secret }, 200],
      [{ credential: (await app.keyFor('org_1', { lifetime_seconds: 3600 })).secret }, 200],
      [{ credential: secret, scopes: ['orders:read'], environment: 'live', client_ip: '::1' }, 200],
      [{ credential: secret, scopes: ['orders:write'] }, 200],
      [{ credential: secret, scopes: ['order:write', 'orders:write', 'orders:read'] }, 400],
      [{ credential: unknown, scopes: ['order:write'] }, 200],
      [{ credential: secret, environment: '*' }, 200],
      [{ credential: secret, environment: 'prod' }, 400],
      [{ credential: secret, resource: 'https://other.example.com' }, 200],
      [{ credential: secret, environment: 'test', user_agent: 'curl', dry_run: true }, 200],
      [{ credential_sha256: hashCredential(secret) }, 200],
      [{ credential: revoked }, 200],
      [{ credential: unknown }, 200],
      [{ credential: '' }, 200],
      [{ credential: 'x'.repeat(4096) }, 200],
      [{ credential: 'x'.repeat(4097) }, 400],
      [{ credential: secret, credential_sha256: hashCredential(secret) }, 400],
      [{}, 400],
      [[], 400],
      ['null', 400],
      ['{', 400],
      ['', 400],
      [{ credential: secret, more: 1 }, 400],
      ['{"credential":"x","__proto__":{"a":1}}', 400],
      ['{"credential":"x","constructor":{"prototype":1}}', 400],
      ['{"credential":"a\\u0000b"}', 400],
      ['{"credential":"\\ud800"}', 400],
      [{ credential: 7 }, 400],
      [{ credential: secret, scopes: 'orders:read' }, 400],
      [{ credential: secret, scopes: Array(51).fill('a:b') }, 400],
      [{ credential: secret, dry_run: 'yes' }, 400],
      [{ credential_sha256: 'ABC' }, 400],
      [{ credential: 'x'.repeat(300_000) }, 413],
    ]
    for (const [body, status] of asked) assert.equal(await sameBothWays('/v1/verify', body), status)
    const batches: [body: unknown, status: number][] = [
      [{ verify: [{ credential: secret }, { credential: revoked }, { credential: 'x' }] }, 200],
      [{ verify: Array(100).fill({ credential: secret }) }, 200],
      [{ verify: Array(101).fill({ credential: secret }) }, 400],
      [{ verify: [] }, 400],
      [{ verify: [{ credential: secret }, {}] }, 400],
      [{ verify: [{ credential: secret }, { credential: secret, environment: 'prod' }] }, 400],
      [{ verify: [{ credential: secret }, { credential: secret, scopes: ['order:write'] }] }, 400],
      [{ verify: [null] }, 400],
      [{ verify: {} }, 400],
      [{ verify: [{ credential: secret }], more: 1 }, 400],
    ]
    for (const [body, status] of batches) assert.equal(await sameBothWays('/v1/verify-batches', body), status)
  })

  it('VER-02, VER-13, VER-14: gives the same response for every way of presenting an admin key', async () => {
    const body = { credential: secret }
    const presented: [headers: Headers, status: number][] = [
      [{ authorization: `bearer ${verifyOnly}` }, 200],
      [{ authorization: `Bearer  ${verifyOnly}` }, 200],
      [{ authorization: `Bearer ${mayNot}` }, 403],
      [{ authorization: `Bearer ${secret}` }, 401],
      [{ authorization: `Bearer ${mintCredential('admin_key').reveal()}` }, 401],
      [{ authorization: `Basic ${verifyOnly}` }, 401],
      [{ 'x-api-key': verifyOnly }, 200],
      [{ 'x-api-key': mayNot }, 400],
      [{ 'content-type': 'text/plain' }, 415],
      [{ 'content-type': 'application/json; charset=utf-8' }, 200],
    ]
    for (const [headers, status] of presented)
      assert.equal(
        await sameBothWays('/v1/verify', body, headers),
        status,
        JSON.stringify(Object.keys(headers)),
      )
    assert.equal(await sameBothWays(`/v1/verify?key=${secret}`, body), 400)
    assert.equal(await sameBothWays('/v1/verify/', body), 404)
  })

  it('gives the same response for generated bodies', async () => {
    const text = fc.oneof(
      fc.constantFrom(secret, revoked, 'live', 'orders:read', '10.0.0.1'),
      fc.string({ unit: 'binary' }),
    )
    const value = fc.oneof(
      text,
      fc.boolean(),
      fc.constant(null),
      fc.array(text, { maxLength: 3 }),
      fc.integer(),
    )
    const names = [
      'credential',
      'credential_sha256',
      'scopes',
      'environment',
      'client_ip',
      'user_agent',
      'dry_run',
      'x',
    ]
    const body = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4, noNullPrototype: true })
    const likely = fc.record(
      {
        credential: text,
        scopes: fc.array(text, { maxLength: 2 }),
        environment: text,
        dry_run: fc.boolean(),
      },
      { requiredKeys: ['credential'], noNullPrototype: true },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, likely), async (asked) => {
        await sameBothWays('/v1/verify', asked)
        await sameBothWays('/v1/verify-batches', { verify: [asked, { credential: secret }] })
      }),
      { numRuns: 60 },
    )
  })

  it('KEY-10: refuses a revoked admin key and a revoked key', async () => {
    const key = await app.keyFor('org_2')
    const admin = await app.call('POST', '/v1/admin-keys', { name: 'v', permissions: ['verify'] })
    const headers = { authorization: `Bearer ${admin.body.secret}` }
    const ask = async () => {
      const { status, text } = await send('POST', '/v1/verify', { credential: key.secret }, headers)
      return `${status} ${JSON.parse(text).valid}`
    }
    assert.deepEqual([await ask(), await ask()], ['200 true', '200 true'])
    await app.call('POST', `/v1/keys/${key.id}/revoke`, { reason: 'test' })
    assert.equal(await ask(), '200 false')
    await app.call('POST', `/v1/admin-keys/${admin.body.id}/revoke`, { reason: 'test' })
    assert.equal(await ask(), '401 undefined')
    const { body } = await app.call('GET', '/v1/audit-events?result=refused&limit=5')
    assert.ok(body.data.length > 0, 'attempts are told in the audit log')
  })

  it('counts verifications, but not a dry run', async () => {
    const key = await app.keyFor('org_3')
    for (const dry_run of [false, false, true])
      await send('POST', '/v1/verify', { credential: key.secret, dry_run })
    await app.app.close()
    const rows = await app.db.selectFrom('usage_minutes').selectAll().execute()
    const { id } = await app.db
      .selectFrom('secrets')
      .select('id')
      .where('holder_id', '=', key.id)
      .executeTakeFirstOrThrow()
    assert.deepEqual(
      rows.filter((row) => row.credential_id === id).map(({ outcome, calls }) => [outcome, Number(calls)]),
      [['accepted', 2]],
    )
  })
})
