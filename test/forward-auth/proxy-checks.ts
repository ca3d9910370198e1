import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type BehindProxy, type GuideSection, openBehindProxy } from './behind-proxy.ts'
import { PATH_TRICKS } from './path-tricks.ts'
import type { ProxyProgram } from './proxy-process.ts'

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

/** Forged proxy headers of every kind of proxy, since none may pass on another's. */
const LIES = [
  'X-Original-Method: GET',
  'X-Original-URI: /health',
  'X-Original-Host: other.example',
  'X-Forwarded-Method: GET',
  'X-Forwarded-Uri: /health',
  'X-Forwarded-Host: other.example',
]

export interface CheckedProxy {
  readonly title: string
  readonly program: ProxyProgram | null
  /** Reason for skipping where the program is missing. */
  readonly missing: string
  readonly section: GuideSection
  /** Its own status while Doorward is unavailable. */
  readonly statusWhenAway: number
  /** Checks for this proxy only. */
  readonly more: (behind: () => BehindProxy) => void
}

/** Checks that every real proxy passes with the guide's configuration. */
export function checkProxy({ title, program, missing, section, statusWhenAway, more }: CheckedProxy): void {
  // A skipped group is not reported; a skipped test is.
  if (program === null) {
    it(title, { skip: missing })
    return
  }
  describe(title, () => {
    let behind: BehindProxy
    let mine: string
    before(async () => {
      behind = await openBehindProxy(program, section)
      mine = `Authorization: Bearer ${behind.key.secret}`
    })
    after(() => behind.close())
    const send: BehindProxy['send'] = (...request) => behind.send(...request)

    it('an accepted request reaches the upstream with identity headers', async () => {
      const { status, body, passed } = await send('GET /orders/7?limit=20')
      assert.deepEqual([status, body.includes('here'), passed?.url], [200, true, '/orders/7?limit=20'])
      assert.equal(passed?.headers['doorward-kind'], 'api_key')
      assert.equal(passed?.headers['doorward-owner-id'], 'org_1')
      assert.equal(passed?.headers['doorward-key-id'], behind.key.id)
      assert.equal(passed?.headers['doorward-scopes'], 'orders:read')
      assert.equal(passed?.headers['doorward-environment'], 'live')
      assert.match(String(passed?.headers['doorward-credential-id']), /^sec_/)
      assert.equal(passed?.headers['doorward-verify-key'], undefined)
    })

    it('a body reaches the upstream complete, after the check', async () => {
      const { secret } = await behind.app.keyFor('org_1', { scopes: ['orders:write'] })
      for (const [length, body] of [
        ['Content-Length: 5', 'hello'],
        ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ] as const) {
        const { status, passed } = await send(
          'POST /orders',
          [`Authorization: Bearer ${secret}`, length],
          body,
        )
        assert.deepEqual([status, passed?.method, passed?.body], [200, 'POST', 'hello'])
        assert.deepEqual((await send('POST /orders', [mine, length], body)).passed, undefined)
      }
    })

    it('RS-11: overwrites forged identity headers in any spelling and number', async () => {
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
        const { status, passed } = await send(line, [...forged, mine])
        assert.equal(status, 200)
        assert.equal(passed?.headers['doorward-owner-id'], owner)
        assert.deepEqual(
          passed?.rawHeaders.filter((text) => text.includes('evil')),
          [],
        )
        for (const name of IDENTITY) assert.ok(passed?.headers[`doorward-${name}`], name)
      }
    })

    const BROKEN = [
      'Doorward-Owner-Id : evil',
      'Doorward-Owner-Id\t: evil',
      'X: y\r\n Doorward-Owner-Id: evil',
    ]
    for (const line of BROKEN)
      it(`RS-11: the broken header ${JSON.stringify(line)} forges nothing`, async () => {
        const { status, passed } = await send('GET /health', [line])
        if (passed === undefined) assert.equal(status, 400)
        else assert.equal(passed.headers['doorward-owner-id'], '-')
      })

    it('RS-11: a client cannot remove identity headers by naming them in Connection', async () => {
      const names = IDENTITY.map((name) => `Doorward-${name}`)
      for (const connection of [
        [`Connection: close, ${names.join(', ')}`],
        [`connection: ${names.join(',').toUpperCase()},close`],
        ['Connection: close', ...names.map((name) => `Connection: ${name}`)],
        [`Connection: close, Upgrade, ${names.join(', ')}`, 'Upgrade: websocket'],
      ]) {
        const { status, passed } = await send('GET /orders', [...connection, mine])
        assert.deepEqual(
          [status, passed?.headers['doorward-owner-id']],
          [200, 'org_1'],
          connection.join('; '),
        )
        for (const name of IDENTITY) assert.ok(passed?.headers[`doorward-${name}`], name)
      }
    })

    it('only the proxy determines method, path, host and client address', async () => {
      assert.equal((await send('GET /admin', [...LIES, mine])).status, 403)
      assert.equal((await send('POST /orders', [...LIES, 'Content-Length: 0', mine])).status, 403)
      const dropped = LIES.map((lie) => lie.split(':')[0]).join(', ')
      const connection = `Connection: close, ${dropped}, Doorward-Verify-Key`
      assert.equal((await send('GET /admin', [connection, mine])).status, 403)
      assert.equal((await send('GET /orders', [connection, 'Doorward-Verify-Key: evil', mine])).status, 200)
    })

    it('checks a protocol upgrade like every request', async () => {
      const upgrade = ['Connection: close, Upgrade', 'Upgrade: websocket']
      assert.equal((await send('GET /orders', [...upgrade, mine])).passed?.url, '/orders')
      const { status, passed } = await send('GET /admin', [...upgrade, mine])
      assert.deepEqual([status, passed], [403, undefined])
    })

    it('refuses as the SDK does: status, one challenge, problem body', async () => {
      const ours = [mine]
      const invalid = 'Bearer error="invalid_request"'
      const table: [
        line: string,
        headers: string[],
        status: number,
        code: string,
        challenge: string | null,
      ][] = [
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
          ours,
          403,
          'insufficient_scope',
          'Bearer error="insufficient_scope", scope="admin:write"',
        ],
        ['GET /orders', ['Authorization: Bearer'], 400, 'malformed_header', invalid],
        ['GET /orders', [...ours, 'X-API-Key: x'], 400, 'two_credentials', invalid],
        [`GET /orders?api_key=${behind.key.secret}`, [], 400, 'credential_in_url', invalid],
        ['GET /nowhere', ours, 403, 'no_rule', null],
        ['GET /orders//7', ours, 400, 'path_ambiguous', null],
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

    for (const path of PATH_TRICKS)
      it(`the path ${JSON.stringify(path)} does not get to /admin past its rule`, async () => {
        const { status, passed } = await send(`GET ${path}`)
        // The one valid path here: what follows `?` is not path.
        if (path.startsWith('/orders/?')) assert.deepEqual([status, passed?.url], [200, path])
        else assert.deepEqual([passed?.url, status === 400 || status === 403], [undefined, true], `${status}`)
      })

    it('judges the path as sent, and passes it on unchanged', async () => {
      // Normalized, these are `/health` and `/orders/7`, which the key may request; they are refused nevertheless.
      for (const path of ['/orders/../health', '//health', '/orders/./7', '/orders/%37/../7'])
        assert.deepEqual([(await send(`GET ${path}`)).status, path], [400, path])
      // A redundant escape is passed on as sent.
      for (const path of [
        '/orders/%37',
        '/orders/a%3Ab:c@~',
        '/orders/7/',
        '/orders?',
        '/orders??x=%2e%2e/;',
      ]) {
        const { status, passed } = await send(`GET ${path}`)
        assert.deepEqual([status, passed?.url], [200, path])
      }
    })

    it('VER-14: refuses two Authorization headers', async () => {
      const { status, passed } = await send('GET /orders', [mine, 'Authorization: Bearer other'])
      assert.deepEqual([status, passed], [400, undefined])
    })

    it('VER-12: checks an allow-list against the client’s address, not a forged one', async () => {
      const near = await behind.app.keyFor('org_1', { ip_allowlist: ['127.0.0.1'] })
      const far = await behind.app.keyFor('org_1', { ip_allowlist: ['203.0.113.9'] })
      for (const lie of [
        ['X-Forwarded-For: 203.0.113.9'],
        ['X-Forwarded-For: 203.0.113.9', 'Connection: close, X-Forwarded-For'],
      ]) {
        const statusFor = async ({ secret }: { secret: string }) =>
          (await send('GET /orders', [...lie, `Authorization: Bearer ${secret}`])).status
        assert.deepEqual([await statusFor(near), await statusFor(far)], [200, 401])
      }
    })

    it('KEY-10: refuses a revoked key with the next request', async () => {
      const soon = await behind.app.keyFor('org_1')
      const its = [`Authorization: Bearer ${soon.secret}`]
      assert.equal((await send('GET /orders', its)).status, 200)
      await behind.app.call('POST', `/v1/keys/${soon.id}/revoke`, { reason: 'test' })
      assert.equal((await send('GET /orders', its)).status, 401)
    })

    more(() => behind)

    it('VER-18: passes nothing while Doorward is unavailable', async () => {
      await behind.app.app.close()
      const { status, passed } = await send('GET /orders')
      assert.deepEqual([status, passed], [statusWhenAway, undefined])
      assert.equal((await send('GET /health')).passed, undefined)
    })
  })
}
