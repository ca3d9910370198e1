import assert from 'node:assert/strict'
import { type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { mintCredential } from '@doorward/sdk/kernel'
import { openTestApp, type TestApp } from '../../test/app.ts'
import { readForwardAuth } from './forward-auth.wire.ts'
import type { ProxyKind } from './original-request.ts'

const RULES = [
  { path: '/orders/*', methods: ['GET'], scopes: ['orders:read'] },
  { path: '/orders/*', scopes: ['orders:read', 'orders:write'] },
  { path: '/health', open: true },
  { path: '/me', scopes: [] },
]
const CLIENT = '203.0.113.9'

type Headers = Record<string, string | string[]>

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers field by field, and fail where one is missing
  readonly body: any
}

/** An app for one kind of proxy; through a socket, so on the fast path where possible. */
async function open(proxy: ProxyKind, more: { proxies?: string[]; rules?: readonly object[] } = {}) {
  const { proxies = ['127.0.0.1'], rules = RULES } = more
  const read = readForwardAuth({ proxy, proxies, environment: 'live', rules }, ['live', 'test'])
  if (!read.ok) throw new Error(read.no.join('\n'))
  const app = await openTestApp({ forwardAuth: read.value })
  await app.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.app.server.address() as AddressInfo
  const key = await app.keyFor('org_1', { scopes: ['orders:read'] })

  const send = (method: string, path: string, headers: Headers): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
        let text = ''
        answer.on('data', (chunk) => (text += chunk))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: text === '' ? null : JSON.parse(text),
          }),
        )
      })
      sent.on('error', reject).end()
    })
  /** Sends what the proxy would send for a request; `headers` are the client's, and the proxy's override them. */
  const about = (method: string, uri: string, headers: Headers = {}) =>
    proxy === 'envoy'
      ? { method, path: `/v1/forward-auth${uri}`, headers: { ...headers, host: 'api.example.com', ...FOR } }
      : {
          method: 'GET',
          path: '/v1/forward-auth',
          headers: { ...headers, ...told(proxy, method, uri), ...FOR },
        }
  const ask = (method: string, uri: string, headers: Headers = {}) => {
    const asked = about(method, uri, headers)
    return send(asked.method, asked.path, asked.headers)
  }
  // The fast path opens after the first request on the slow path.
  await send('GET', '/livez', {})
  return { app, key, send, about, ask }
}

const FOR = { 'x-forwarded-for': CLIENT }

function told(proxy: ProxyKind, method: string, uri: string): Headers {
  const family = proxy === 'nginx' ? 'x-original' : 'x-forwarded'
  return { [`${family}-method`]: method, [`${family}-uri`]: uri, [`${family}-host`]: 'api.example.com' }
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` })

describe('/v1/forward-auth', () => {
  let caddy: Awaited<ReturnType<typeof open>>
  let nginx: typeof caddy
  let envoy: typeof caddy
  before(async () => {
    caddy = await open('caddy')
    nginx = await open('nginx')
    envoy = await open('envoy')
  })
  after(async () => {
    for (const { app } of [caddy, nginx, envoy]) await app.close()
  })

  it('accepts with 200 for every kind of proxy, with identity headers and no other header of its own', async () => {
    for (const { ask, key } of [caddy, nginx, envoy])
      for (const headers of [bearer(key.secret), { 'x-api-key': key.secret }]) {
        const { status, headers: said, body } = await ask('GET', '/orders/7?limit=20', headers as Headers)
        assert.deepEqual([status, body], [200, null])
        assert.deepEqual(
          Object.keys(said).sort(),
          [
            ...['cache-control', 'connection', 'content-length', 'date'],
            ...['doorward-credential-id', 'doorward-environment', 'doorward-key-id', 'doorward-kind'],
            ...['doorward-client-id', 'doorward-user-id', 'doorward-owner-id', 'doorward-scopes'],
            ...['keep-alive', 'x-request-id'],
          ].sort(),
        )
        assert.equal(said['doorward-kind'], 'api_key')
        assert.equal(said['doorward-key-id'], key.id)
        assert.equal(said['doorward-owner-id'], 'org_1')
        assert.equal(said['doorward-scopes'], 'orders:read')
        assert.equal(said['doorward-environment'], 'live')
        assert.match(String(said['doorward-credential-id']), /^sec_/)
      }
  })

  it('needs no credential for a public route, and sets each identity header to "none"', async () => {
    for (const { ask, key } of [caddy, nginx, envoy])
      for (const headers of [{}, bearer('nonsense'), bearer(key.secret)]) {
        const { status, headers: said } = await ask('GET', '/health', headers as Headers)
        assert.equal(status, 200)
        const identity = Object.entries(said).filter(([name]) => name.startsWith('doorward-'))
        assert.equal(identity.length, 8)
        for (const [name, value] of identity) assert.equal(value, name === 'doorward-kind' ? 'none' : '-')
      }
  })

  it('VER-01, VER-13, VER-14: refuses as the SDK does, for nginx in headers as well', async () => {
    type Case = [method: string, uri: string, Headers, status: number, code: string, nginx?: number]
    const casesOf = async ({ app, key: { secret } }: typeof caddy): Promise<Case[]> => {
      const revoked = await app.keyFor('org_1')
      await app.call('POST', `/v1/keys/${revoked.id}/revoke`, { reason: 'test' })
      const madeUp = mintCredential('api_key', { environment: 'live' }).reveal()
      const mine = bearer(secret)
      return [
        ['GET', '/orders', {}, 401, 'no_credential'],
        ['GET', '/orders', bearer(revoked.secret), 401, 'invalid_token'],
        ['GET', '/orders', bearer('nonsense'), 401, 'invalid_token'],
        ['GET', '/orders', bearer(madeUp), 401, 'invalid_token'],
        ['POST', '/orders', mine, 403, 'insufficient_scope'],
        ['GET', '/orders', { authorization: 'Bearer' }, 400, 'malformed_header', 401],
        ['GET', '/orders', { ...mine, 'x-api-key': revoked.secret }, 400, 'two_credentials', 401],
        ['GET', `/orders?api_key=${revoked.secret}`, {}, 400, 'credential_in_url', 401],
        ['GET', '/nowhere', mine, 403, 'no_rule'],
        ['DELETE', '/me/x', mine, 403, 'no_rule'],
        ['GET', '/orders/../me', mine, 400, 'path_ambiguous', 403],
        ['GET', '/ORDERS', mine, 400, 'path_ambiguous', 403],
        ['GET', '/orders', { ...mine, doorward_owner_id: 'org_2' }, 400, 'request_unclear', 403],
      ]
    }
    for (const kind of [caddy, envoy, nginx])
      for (const [method, uri, headers, status, code, atNginx = status] of await casesOf(kind)) {
        const { status: got, headers: said, body } = await kind.ask(method, uri, headers)
        assert.deepEqual([got, body.code], [kind === nginx ? atNginx : status, code])
        assert.equal(said['content-type'], 'application/problem+json')
        assert.equal(said['cache-control'], 'no-store')
        assert.equal(said['strict-transport-security'], undefined)
        const challenged = status !== 403 || code === 'insufficient_scope'
        if (challenged && code !== 'path_ambiguous' && code !== 'request_unclear')
          assert.match(String(said['www-authenticate']), /^Bearer/)
        assert.equal(said['doorward-status'], kind === nginx ? String(status) : undefined)
        if (kind === nginx) assert.deepEqual(JSON.parse(String(said['doorward-problem'])), body)
      }
    const { secret } = caddy.key
    const { headers } = await caddy.ask('POST', '/orders', bearer(secret))
    assert.equal(
      headers['www-authenticate'],
      'Bearer error="insufficient_scope", scope="orders:read orders:write"',
    )
  })

  it('VER-14: counts two Authorization headers as two credentials, although Node keeps one', async () => {
    const twice = { authorization: [`Bearer ${caddy.key.secret}`, 'Bearer other'] }
    assert.equal((await caddy.ask('GET', '/orders', twice)).body.code, 'two_credentials')
  })

  it('VER-12: checks an allow-list against the address that the proxy sends, and against none where it sends none', async () => {
    const key = await caddy.app.keyFor('org_1', { ip_allowlist: [CLIENT] })
    const from = async (forwardedFor: string | null) => {
      const { method, path, headers } = caddy.about('GET', '/orders', bearer(key.secret))
      const { 'x-forwarded-for': _, ...without } = headers as Headers & { 'x-forwarded-for': string }
      const said = forwardedFor === null ? without : { ...without, 'x-forwarded-for': forwardedFor }
      return (await caddy.send(method, path, said as Headers)).status
    }
    assert.equal(await from(CLIENT), 200)
    assert.equal(await from(`198.51.100.1, ${CLIENT}`), 200)
    assert.equal(await from(`${CLIENT}, 198.51.100.1`), 401)
    assert.equal(await from('127.0.0.1'), 401)
    assert.equal(await from('nonsense'), 401)
    assert.equal(await from(null), 401)
    assert.equal(await from(`${CLIENT}:51234`), 200)
    assert.equal(await from(`[::ffff:${CLIENT}]:51234`), 200)
    for (const unreadable of [`${CLIENT}:x`, `${CLIENT}:99999`, `[${CLIENT}]`, `${CLIENT},`, ''])
      assert.equal(await from(unreadable), 401, unreadable)
  })

  it('KEY-10: a revocation takes effect with the next request', async () => {
    const key = await nginx.app.keyFor('org_1')
    assert.equal((await nginx.ask('GET', '/orders', bearer(key.secret))).status, 200)
    await nginx.app.call('POST', `/v1/keys/${key.id}/revoke`, { reason: 'test' })
    assert.equal((await nginx.ask('GET', '/orders', bearer(key.secret))).status, 401)
  })

  it('the slow path gives the same response as the fast path', async () => {
    const cases: [string, string, Headers][] = [
      ['GET', '/orders', bearer(caddy.key.secret)],
      ['GET', '/health', {}],
      ['GET', '/orders', {}],
      ['POST', '/orders', bearer(caddy.key.secret)],
      ['GET', '//', {}],
    ]
    for (const { ask, about, app } of [caddy, nginx, envoy])
      for (const [method, uri, headers] of cases) {
        const short = await ask(method, uri, headers)
        const asked = about(method, uri, headers)
        const long = await app.app.inject({
          method: asked.method as 'GET',
          url: asked.path,
          headers: asked.headers,
          remoteAddress: '127.0.0.1',
        })
        assert.equal(long.statusCode, short.status)
        assert.equal(long.body, short.body === null ? '' : JSON.stringify(short.body))
        const own = ({
          date: _,
          connection: __,
          'keep-alive': ___,
          'x-request-id': ____,
          ...rest
        }: object & {
          [name: string]: unknown
        }) => rest
        assert.deepEqual(own(long.headers), own(short.headers))
      }
  })

  it('answers any method and body on both paths', async () => {
    const headers = { ...bearer(envoy.key.secret), 'content-type': 'text/plain', 'content-length': '0' }
    for (const method of ['POST', 'OPTIONS', 'PATCH']) {
      const { status, body } = await envoy.ask(method, '/orders', headers)
      assert.deepEqual([status, body.code], [403, 'insufficient_scope'])
      const long = await envoy.app.app.inject({
        method: method as 'POST',
        url: '/v1/forward-auth/orders',
        headers,
        payload: 'x',
      })
      assert.deepEqual([long.statusCode, long.json().code], [403, 'insufficient_scope'])
    }
    assert.equal((await envoy.ask('HEAD', '/health')).status, 200)
  })

  it('counts requests by the scopes of the rule', async () => {
    const own = await open('traefik')
    await own.ask('GET', '/orders', bearer(own.key.secret))
    await own.ask('GET', '/orders/7', bearer(own.key.secret))
    await own.ask('POST', '/orders', bearer(own.key.secret))
    await own.ask('GET', '/me', bearer(own.key.secret))
    await own.ask('GET', '/health', bearer(own.key.secret))
    await own.ask('GET', `/orders?access_token=${own.key.secret}`)
    await own.app.app.close()
    const rows = await own.app.db
      .selectFrom('usage_minutes')
      .select(['outcome', 'scope', 'count'])
      .where('credential_id', 'like', 'sec_%')
      .execute()
    assert.deepEqual(rows.map(({ outcome, scope, count }) => `${outcome} ${scope} ${count}`).sort(), [
      'accepted  1',
      'accepted orders:read 2',
      'missing_scope orders:read 1',
      'missing_scope orders:write 1',
    ])
    const secret = await own.app.db
      .selectFrom('secrets')
      .select('exposed_at')
      .where('holder_id', '=', own.key.id)
      .executeTakeFirstOrThrow()
    assert.notEqual(secret.exposed_at, null)
    await own.app.close()
  })
})

describe('callers of /v1/forward-auth', () => {
  let strict: Awaited<ReturnType<typeof open>>
  let app: TestApp
  before(async () => {
    strict = await open('nginx', { proxies: ['192.0.2.0/24'] })
    app = strict.app
  })
  after(() => app.close())

  const asking = (key?: string) =>
    strict.ask('GET', '/orders', {
      ...bearer(strict.key.secret),
      ...(key === undefined ? {} : { 'doorward-verify-key': key }),
    })

  it('VER-02: accepts only a proxy by its address, or an admin key that may verify', async () => {
    const verify = await app.adminKeyWith(['verify'])
    const refused = [undefined, '', 'nonsense', strict.key.secret, mintCredential('admin_key').reveal()]
    for (const key of [...refused, await app.adminKeyWith(['keys:read'])]) {
      const { status, body, headers } = await asking(key)
      assert.deepEqual([status, body.code], [403, 'proxy_not_trusted'])
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('doorward')),
        [],
      )
    }
    for (let n = 0; n < 3; n++) assert.equal((await asking(verify)).status, 200)
    const { statusCode } = await app.app.inject({
      url: '/v1/forward-auth',
      headers: strict.about('GET', '/orders', bearer(strict.key.secret)).headers,
      remoteAddress: '192.0.2.7',
    })
    assert.equal(statusCode, 200)
  })

  it('VER-02: does not accept an admin key in Authorization, which is the client’s header', async () => {
    const verify = await app.adminKeyWith(['verify'])
    const { body } = await strict.ask('GET', '/orders', bearer(verify))
    assert.equal(body.code, 'proxy_not_trusted')
  })

  it('KEY-10, AUD-02: refuses a revoked admin key at once, and audits the attempt', async () => {
    const made = await app.call('POST', '/v1/admin-keys', { name: 'p', permissions: ['verify'] })
    assert.equal((await asking(made.body.secret)).status, 200)
    assert.equal((await asking(made.body.secret)).status, 200)
    await app.call('POST', `/v1/admin-keys/${made.body.id}/revoke`, { reason: 'test' })
    assert.equal((await asking(made.body.secret)).status, 403)
    const { body } = await app.call('GET', '/v1/refused-attempts')
    const [newest] = body.data
    assert.ok(newest.codes.proxy_not_trusted > 0)
    assert.ok(newest.routes.includes('GET /v1/forward-auth'))
  })

  it('a rule with a host does not match a request without one', async () => {
    const own = await open('nginx', {
      rules: [{ path: '/*', host: 'api.example.com', scopes: ['orders:read'] }],
    })
    assert.equal((await own.ask('GET', '/x', bearer(own.key.secret))).status, 200)
    const { method, path, headers } = own.about('GET', '/x', bearer(own.key.secret))
    const { 'x-original-host': _, ...without } = headers as Record<string, string>
    assert.equal((await own.send(method, path, without)).headers['doorward-status'], '400')
    await own.app.close()
  })

  it('does not exist without a rules file', async () => {
    const plain = await openTestApp()
    assert.equal((await plain.call('GET', '/v1/forward-auth', undefined, { as: null })).status, 404)
    await plain.close()
  })
})
