import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { readForwardAuth } from '../src/access/forward-auth.wire.ts'
import { openTestApp, type TestApp } from './app.ts'
import { findNginx, type Nginx, startNginx } from './nginx.ts'
import { freePort } from './postgres.ts'

const binary = findNginx()
const GUIDE = new URL('../docs/guides/forward-auth.md', import.meta.url)

const RULES = [
  { path: '/admin/*', scopes: ['admin:write'] },
  { path: '/orders/*', methods: ['GET'], scopes: ['orders:read'] },
  { path: '/orders/*', scopes: ['orders:write'] },
  { path: '/health', open: true },
]

const IDENTITY = [
  'kind',
  'owner-id',
  'key-id',
  'client-id',
  'user-id',
  'credential-id',
  'scopes',
  'environment',
]

// A group that is skipped is passed over in silence; a test is told.
if (binary === null)
  it('nginx with auth_request', { skip: 'NO NGINX: put it at /usr/sbin/nginx or name it in NGINX_PATH' })

/** The configuration of the guide, as it stands there, in front of an upstream that writes down what reaches it. */
describe('nginx with auth_request', { skip: binary === null }, () => {
  let app: TestApp
  let upstream: Server
  let nginx: Nginx | undefined
  let port: number
  let key: { id: string; secret: string }
  const reached: IncomingMessage[] = []
  before(async () => {
    const file = { proxy: 'nginx', environment: 'live', rules: RULES }
    const read = readForwardAuth(file, ['live', 'test'])
    assert.ok(read.ok)
    app = await openTestApp({ forwardAuth: read.value })
    await app.app.listen({ port: 0, host: '127.0.0.1' })
    key = await app.keyFor('org_1', { scopes: ['orders:read'] })
    upstream = createServer((request, response) => {
      reached.push(request)
      response.end('here')
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    port = await freePort()
    const verifyKey = await app.adminKeyWith(['verify'])
    nginx = await startNginx(binary ?? '', port, configuration(verifyKey))
  })
  after(async () => {
    await nginx?.stop()
    upstream.close()
    await app.close()
  })

  function configuration(verifyKey: string): string {
    const block = /```nginx\n([\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8'))?.[1]
    assert.ok(block)
    const changes: [from: string, to: string][] = [
      ['127.0.0.1:4000', `127.0.0.1:${(app.app.server.address() as AddressInfo).port}`],
      ['127.0.0.1:3000', `127.0.0.1:${(upstream.address() as AddressInfo).port}`],
      ['127.0.0.1:8080', `127.0.0.1:${port}`],
      ['ak_…', verifyKey],
    ]
    return changes.reduce((text, [from, to]) => {
      assert.ok(text.includes(from), from)
      return text.replaceAll(from, to)
    }, block)
  }

  interface Answer {
    readonly status: number
    /** All values of each header. */
    readonly headers: ReadonlyMap<string, readonly string[]>
    readonly body: string
    /** What reached the upstream, if anything did. */
    readonly passed: IncomingMessage | undefined
  }

  /** As bytes, because clients tidy up the paths that are worth sending. */
  async function send(line: string, headers: readonly string[] = [`Authorization: Bearer ${key.secret}`]) {
    const before = reached.length
    const socket = connect(port, '127.0.0.1')
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    const head = [`${line} HTTP/1.1`, 'Host: api.example.com', 'Connection: close', ...headers]
    socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'))
    const text = Buffer.concat(await socket.toArray()).toString('latin1')
    const [top = '', body = ''] = text.split('\r\n\r\n', 2)
    const [first = '', ...lines] = top.split('\r\n')
    const fields = lines.map((each) => each.split(/: (.*)/, 2))
    const byName = Map.groupBy(fields, ([name = '']) => name.toLowerCase())
    const answer: Answer = {
      status: Number(first.split(' ')[1]),
      headers: new Map([...byName].map(([name, of]) => [name, of.map(([, value = '']) => value)])),
      body,
      passed: reached[before],
    }
    assert.ok(reached.length - before <= 1)
    return answer
  }

  it('a yes reaches the upstream with the identity', async () => {
    const { status, body, passed } = await send('GET /orders/7?limit=20')
    assert.deepEqual([status, body.includes('here'), passed?.url], [200, true, '/orders/7?limit=20'])
    assert.equal(passed?.headers['doorward-kind'], 'api_key')
    assert.equal(passed?.headers['doorward-owner-id'], 'org_1')
    assert.equal(passed?.headers['doorward-key-id'], key.id)
    assert.equal(passed?.headers['doorward-scopes'], 'orders:read')
    assert.equal(passed?.headers['doorward-environment'], 'live')
    assert.match(String(passed?.headers['doorward-credential-id']), /^sec_/)
    assert.equal(passed?.headers['doorward-verify-key'], undefined)
  })

  it('forged identity headers are overwritten, however they are spelt and however often they come', async () => {
    const forged = IDENTITY.flatMap((name) => [
      `Doorward-${name}: evil`,
      `doorward-${name}: evil`,
      `DOORWARD-${name.toUpperCase()}: evil`,
      `Doorward_${name.replaceAll('-', '_')}: evil`,
      `Doorward-${name.replaceAll('-', '_')}: evil`,
    ])
    for (const [line, owner] of [
      ['GET /orders', 'org_1'],
      ['GET /health', '-'],
    ] as const) {
      const { status, passed } = await send(line, [...forged, `Authorization: Bearer ${key.secret}`])
      assert.equal(status, 200)
      assert.equal(passed?.headers['doorward-owner-id'], owner)
      assert.deepEqual(
        passed?.rawHeaders.filter((text) => text.includes('evil')),
        [],
      )
      for (const name of IDENTITY) assert.ok(passed?.headers[`doorward-${name}`], name)
    }
  })

  it('what says the method, the path and the host is nginx’s, whatever the client sends', async () => {
    const lies = ['X-Original-Method: GET', 'X-Original-URI: /health', 'X-Original-Host: other.example']
    const mine = `Authorization: Bearer ${key.secret}`
    assert.equal((await send('GET /admin', [...lies, mine])).status, 403)
    assert.equal((await send('POST /orders', [...lies, 'Content-Length: 0', mine])).status, 403)
    assert.equal((await send('GET /_doorward')).status, 404)
  })

  it('a no is the SDK’s: status, one challenge, problem body', async () => {
    const mine = [`Authorization: Bearer ${key.secret}`]
    const table: [line: string, headers: string[], status: number, code: string, challenge: string | null][] =
      [
        ['GET /orders', [], 401, 'no_credential', 'Bearer'],
        [
          'GET /orders',
          ['Authorization: Bearer nonsense'],
          401,
          'invalid_token',
          'Bearer error="invalid_token"',
        ],
        [
          'GET /admin',
          mine,
          403,
          'insufficient_scope',
          'Bearer error="insufficient_scope", scope="admin:write"',
        ],
        ['GET /orders', ['Authorization: Bearer'], 400, 'malformed_header', 'Bearer error="invalid_request"'],
        ['GET /orders', [...mine, 'X-API-Key: x'], 400, 'two_credentials', 'Bearer error="invalid_request"'],
        [`GET /orders?api_key=${key.secret}`, [], 400, 'credential_in_url', 'Bearer error="invalid_request"'],
        ['GET /nowhere', mine, 403, 'no_rule', null],
        ['GET /orders//7', mine, 400, 'path_ambiguous', null],
      ]
    for (const [line, headers, status, code, challenge] of table) {
      const answer = await send(line, headers)
      assert.equal(answer.passed, undefined, line)
      assert.deepEqual([answer.status, JSON.parse(answer.body).code], [status, code], line)
      assert.deepEqual(answer.headers.get('www-authenticate') ?? [], challenge === null ? [] : [challenge])
      assert.deepEqual(answer.headers.get('content-type'), ['application/problem+json'])
      assert.deepEqual(answer.headers.get('cache-control'), ['no-store'])
    }
  })

  const TRICKS = [
    '/orders/../admin',
    '/orders/..//admin',
    '//admin',
    '///admin',
    '/./admin',
    '/orders/%2e%2e/admin',
    '/orders/%2E%2E%2Fadmin',
    '/orders/..%2fadmin',
    '/orders%2f..%2fadmin',
    '/orders/..%5cadmin',
    '/orders\\..\\admin',
    '/orders/..;/admin',
    '/orders;/../admin',
    '/admin;x',
    '/admin%3bx',
    '/%61dmin',
    '/adm%69n/users',
    '/ADMIN',
    '/Admin/users',
    '/admin.',
    '/admin%20',
    '/admin%00',
    '/orders/%00/../../admin',
    '/orders/%252e%252e/admin',
    '/%2561dmin',
    '/orders/%c0%ae%c0%ae/admin',
    '/orders/%ef%bc%8e%ef%bc%8e/admin',
    '/%ef%bd%81dmin',
    '/\xef\xbd\x81dmin',
    '/orders/\xc0\xae\xc0\xae/admin',
    '/orders/#/../../admin',
    '/admin#/orders',
    '/orders/%23/../../admin',
    '/orders/?/../../admin%',
    '/orders/../admin?x=/orders',
    'http://other.example/admin',
    'http://other.example//admin',
    'http://other.example/orders/../admin',
    '/admin/../orders/../admin',
  ]
  for (const path of TRICKS)
    it(`the path ${JSON.stringify(path)} does not get to /admin past its rule`, async () => {
      const { status, passed } = await send(`GET ${path}`)
      // The one path here that is in order, since what follows `?` is no path.
      if (path.startsWith('/orders/?')) assert.deepEqual([status, passed?.url], [200, path])
      else assert.deepEqual([passed?.url, status === 400 || status === 403], [undefined, true], `${status}`)
    })

  it('nginx tidies paths for its own locations; what counts here is the path as it was sent', async () => {
    // For nginx these are `/health` and `/orders/7`, which the key may have; they are refused all the same.
    for (const path of ['/orders/../health', '//health', '/orders/./7', '/orders/%37/../7'])
      assert.deepEqual([(await send(`GET ${path}`)).status, path], [400, path])
    // An escape that changes nothing is passed on as it was sent.
    const { status, passed } = await send('GET /orders/%37')
    assert.deepEqual([status, passed?.url], [200, '/orders/%37'])
  })

  it('VER-14: two Authorization headers do not get through', async () => {
    const two = [`Authorization: Bearer ${key.secret}`, 'Authorization: Bearer other']
    const { status, passed } = await send('GET /orders', two)
    assert.deepEqual([status, passed], [400, undefined])
  })

  it('VER-12: an allow-list sees the client’s address and not what the client says of it', async () => {
    const near = await app.keyFor('org_1', { ip_allowlist: ['127.0.0.1'] })
    const far = await app.keyFor('org_1', { ip_allowlist: ['203.0.113.9'] })
    const lie = 'X-Forwarded-For: 203.0.113.9'
    assert.equal((await send('GET /orders', [lie, `Authorization: Bearer ${near.secret}`])).status, 200)
    assert.equal((await send('GET /orders', [lie, `Authorization: Bearer ${far.secret}`])).status, 401)
  })

  it('KEY-10: a revoked key is refused by the next request', async () => {
    const soon = await app.keyFor('org_1')
    const mine = [`Authorization: Bearer ${soon.secret}`]
    assert.equal((await send('GET /orders', mine)).status, 200)
    await app.call('POST', `/v1/keys/${soon.id}/revoke`, { reason: 'test' })
    assert.equal((await send('GET /orders', mine)).status, 401)
  })

  it('VER-18: where Doorward is away, nothing passes', async () => {
    await app.app.close()
    const { status, passed } = await send('GET /orders')
    assert.deepEqual([status, passed], [503, undefined])
    assert.equal((await send('GET /health')).passed, undefined)
  })
})
