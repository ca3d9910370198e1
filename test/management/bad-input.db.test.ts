import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { openTestApp, type TestApp } from '../app.ts'

const KEY = { owner_id: 'org_1', name: 'a', environment: 'live', scopes: ['orders:read'] }
const NUL = String.fromCharCode(0)
const HALF_A_PAIR = String.fromCharCode(0xd800)
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

/** The request, the problem's code, and the text that the detail must contain. */
const CREATES: readonly (readonly [what: string, body: unknown, code: string, says?: RegExp])[] = [
  ['unknown scope', { ...KEY, scopes: ['order:read'] }, 'unknown_scope', /did you mean "orders:read"/],
  [
    'scope with a space',
    { ...KEY, scopes: ['orders:read orders:write'] },
    'unknown_scope',
    /No scope "orders:read orders:write"/,
  ],
  [
    'scope named like a property',
    { ...KEY, scopes: ['__proto__', 'constructor'] },
    'unknown_scope',
    /"__proto__"/,
  ],
  ['scope with SQL', { ...KEY, scopes: ["'; drop table keys; --"] }, 'unknown_scope'],
  ['scope twice', { ...KEY, scopes: ['orders:read', 'orders:read'] }, 'invalid_request', /\/scopes/],
  [
    'expiry in the past',
    { ...KEY, expires_at: '2020-01-01T00:00:00Z' },
    'expiry_in_past',
    /It is 2030-01-01/,
  ],
  [
    'two expiries',
    { ...KEY, expires_at: '2040-01-01T00:00:00Z', lifetime_seconds: 5 },
    'invalid_request',
    /not both/,
  ],
  ['an impossible date', { ...KEY, expires_at: '2030-02-30T00:00:00Z' }, 'invalid_request', /\/expires_at/],
  ['a date without a zone', { ...KEY, expires_at: '2030-02-01T00:00:00' }, 'invalid_request', /\/expires_at/],
  ['no lifetime', { ...KEY, lifetime_seconds: 0 }, 'invalid_request', /\/lifetime_seconds/],
  ['large metadata', { ...KEY, metadata: { a: 'x'.repeat(4096) } }, 'metadata_too_large', /4096 are allowed/],
  ['metadata that is a list', { ...KEY, metadata: [] }, 'invalid_request', /\/metadata/],
  ['deep metadata', { ...KEY, metadata: { a: deep(40) } }, 'invalid_request', /nested deeper than 16/],
  ['NUL in a name', { ...KEY, name: `a${NUL}` }, 'invalid_request', /NUL/],
  ['NUL in metadata', { ...KEY, metadata: { [`a${NUL}`]: 1 } }, 'invalid_request', /NUL/],
  ['half a surrogate pair', { ...KEY, metadata: { a: HALF_A_PAIR } }, 'invalid_request', /surrogate/],
  ['newline in a name', { ...KEY, name: 'a\nb' }, 'invalid_request', /\/name/],
  ['no name', { ...KEY, name: '' }, 'invalid_request', /\/name/],
  ['long name', { ...KEY, name: 'x'.repeat(101) }, 'invalid_request', /\/name/],
  ['owner with a space', { ...KEY, owner_id: 'org 1' }, 'invalid_request', /\/owner_id/],
  ['unknown environment', { ...KEY, environment: 'staging' }, 'unknown_environment', /live, test/],
  ['environment with an underscore', { ...KEY, environment: 'li_ve' }, 'invalid_request', /\/environment/],
  ['no IP ranges', { ...KEY, ip_allowlist: [] }, 'invalid_request', /\/ip_allowlist/],
  ['a block with more bits', { ...KEY, ip_allowlist: ['10.0.0.1/8'] }, 'invalid_ip_range', /10\.0\.0\.0\/8/],
  [
    'all of IPv4',
    { ...KEY, ip_allowlist: ['10.0.0.1', '0.0.0.0/0'] },
    'invalid_ip_range',
    /every IPv4 address/,
  ],
  ['no IP range', { ...KEY, ip_allowlist: ['10.0.0.0/33'] }, 'invalid_ip_range', /10\.0\.0\.0\/33/],
  ['number as text', { ...KEY, lifetime_seconds: '60' }, 'invalid_request', /\/lifetime_seconds/],
  ['scopes as text', { ...KEY, scopes: 'orders:read' }, 'invalid_request', /\/scopes/],
  [
    'unknown field',
    { ...KEY, ip_allow_list: null },
    'unknown_field',
    /"ip_allow_list"; did you mean "ip_allowlist"/,
  ],
  ...['id', 'secret', 'state', 'created_at', 'created_by', 'hash'].map(
    (name) =>
      [
        `MGT-04: ${name} set from outside`,
        { ...KEY, [name]: 'x' },
        'unknown_field',
        new RegExp(`"${name}"`),
      ] as const,
  ),
  ['nothing', {}, 'invalid_request', /owner_id/],
  ['a list', [], 'invalid_request'],
  ['null', null, 'invalid_request'],
]

/** Raw bodies, as sent on the wire. */
const RAW: readonly (readonly [
  what: string,
  type: string | undefined,
  payload: string,
  status: number,
  code: string,
])[] = [
  ['broken JSON', 'application/json', '{"a":', 400, 'invalid_request'],
  ['an empty body', 'application/json', '', 400, 'invalid_request'],
  ['text', 'text/plain', 'hello', 415, 'unsupported_media_type'],
  ['a form', 'application/x-www-form-urlencoded', 'a=b', 415, 'unsupported_media_type'],
  ['MGT-11: a prototype', 'application/json', '{"__proto__":{"admin":true}}', 400, 'invalid_request'],
  [
    'MGT-11: a constructor',
    'application/json',
    '{"constructor":{"prototype":{"a":1}}}',
    400,
    'invalid_request',
  ],
  [
    'MGT-12: 300 KB',
    'application/json',
    JSON.stringify({ a: 'x'.repeat(300_000) }),
    413,
    'payload_too_large',
  ],
  ['MGT-12: 100,000 brackets', 'application/json', '['.repeat(100_000), 400, 'invalid_request'],
]

const PATHS: readonly (readonly [path: string, status: number, code: string])[] = [
  ['/v1/keys?limit=0', 400, 'invalid_request'],
  ['/v1/keys?limit=201', 400, 'invalid_request'],
  ['/v1/keys?limit=ten', 400, 'invalid_request'],
  ['/v1/keys?cursor=abc', 400, 'invalid_cursor'],
  ['/v1/keys?cursor=MSAxIGtleV94IHk', 400, 'invalid_cursor'],
  ['/v1/keys?state=asleep', 400, 'invalid_request'],
  ['/v1/keys?owner=org_1', 400, 'unknown_field'],
  ['/v1/keys?unused_since=yesterday', 400, 'invalid_request'],
  ["/v1/keys?owner_id=org_1'%20or%20'1'='1", 400, 'invalid_request'],
  ['/v1/keys?owner_id=%00', 400, 'invalid_request'],
  ['/v1/keys/key_%00', 400, 'invalid_request'],
  ["/v1/keys/key_1'--", 400, 'invalid_request'],
  ['/v1/keys/%zz', 400, 'invalid_request'],
  [`/v1/keys/key_${'x'.repeat(500)}`, 400, 'invalid_request'],
  ['/v1/audit-events?cursor=e', 400, 'invalid_cursor'],
  ['/v1/audit-events?action=key.created;--', 400, 'invalid_request'],
  ['/v1/nothing', 404, 'not_found'],
  ['/keys', 404, 'not_found'],
]

describe('bad input', () => {
  let app: TestApp
  before(async () => {
    app = await openTestApp()
    await app.keyFor('org_1')
  })
  after(() => app.close())

  const written = async () =>
    JSON.stringify([
      await app.db.selectFrom('keys').selectAll().execute(),
      await app.db.selectFrom('owners').selectAll().execute(),
      await app.db.selectFrom('audit_events').select('id').where('result', '=', 'done').execute(),
    ])

  /** Checks for a well-formed problem: RFC 9457, not cached, no internals in it, and nothing was written. */
  const refused = async (
    what: string,
    answer: Awaited<ReturnType<TestApp['call']>>,
    code: string,
    before: string,
  ) => {
    assert.equal(answer.body?.code, code, `${what}: ${answer.text}`)
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.body.status, answer.status)
    assert.match(answer.body.request_id, /^req_[0-9a-f]{32}$/)
    assert.ok(
      !/\/src\/|node_modules|postgres|kysely|select |at async/i.test(answer.text),
      `${what}: ${answer.text}`,
    )
    assert.equal(await written(), before, what)
  }

  for (const [what, body, code, says] of CREATES)
    it(`MGT-08 MGT-10: a key with ${what} is refused as ${code}`, async () => {
      const before = await written()
      const answer = await app.call('POST', '/v1/keys', body)
      assert.equal(answer.status, 400, answer.text)
      await refused(what, answer, code, before)
      if (says !== undefined) assert.match(answer.body.detail, says)
    })

  for (const [what, type, payload, status, code] of RAW)
    it(`MGT-12: ${what} is refused as ${code}`, async () => {
      const before = await written()
      const headers = {
        authorization: `Bearer ${app.adminKey}`,
        ...(type === undefined ? {} : { 'content-type': type }),
      }
      const raw = await app.app.inject({ method: 'POST', url: '/v1/keys', headers, payload })
      assert.equal(raw.statusCode, status, raw.body)
      const answer = { status, headers: raw.headers, body: raw.json(), text: raw.body }
      await refused(what, answer, code, before)
    })

  for (const [path, status, code] of PATHS)
    it(`MGT-14 MGT-19: ${path.slice(0, 60)} is refused as ${code}`, async () => {
      const before = await written()
      const answer = await app.call('GET', path)
      assert.equal(answer.status, status, answer.text)
      await refused(path, answer, code, before)
    })

  it('accepts an empty list of scopes as none, and a name that is in use', async () => {
    for (let n = 0; n < 2; n++) {
      const { status, body } = await app.call('POST', '/v1/keys', { ...KEY, scopes: [] })
      assert.equal(status, 201)
      const verified = await app.call('POST', '/v1/verify', {
        credential: body.secret,
        scopes: ['orders:read'],
      })
      assert.equal(verified.body.refusal.reason, 'missing_scope')
    }
  })

  it('VER-14: refuses two different credentials in one request, and accepts the same one twice', async () => {
    const { secret } = await app.keyFor('org_1')
    const two = await app.call('GET', '/v1/keys', undefined, { headers: { 'x-api-key': secret } })
    assert.deepEqual([two.status, two.body.code], [400, 'two_credentials'])
    const same = await app.call('GET', '/v1/keys', undefined, { headers: { 'x-api-key': app.adminKey } })
    assert.equal(same.status, 200)
  })

  it('VER-13: says in which form a credential was found, where it is not presented as it must be', async () => {
    const cut = app.adminKey.slice(0, -1)
    for (const [authorization, code, hint] of [
      [app.adminKey, 'no_credential', 'without `Bearer ` in front'],
      [`ApiKey ${app.adminKey}`, 'no_credential', 'another scheme than Bearer'],
      [`Basic ${btoa(`${app.adminKey}:`)}`, 'no_credential', 'as Basic'],
      [`Bearer "${app.adminKey}"`, 'malformed_header', 'something else around it'],
      [`Bearer ${cut}`, 'invalid_token', 'a character is missing'],
      [`Bearer ${cut}é`, 'malformed_header', 'Send one token'],
      ['Bearer anything', 'invalid_token', 'This kind of credential'],
    ] as const) {
      const { status, body } = await app.call('GET', '/v1/keys', undefined, {
        as: null,
        headers: { authorization },
      })
      assert.deepEqual([status, body.code], [code === 'malformed_header' ? 400 : 401, code], authorization)
      assert.ok(
        `${body.message} ${body.fix} ${body.detail}`.includes(hint),
        `${authorization}: ${JSON.stringify(body)}`,
      )
      assert.ok(!JSON.stringify(body).includes(cut))
    }
  })

  it('MGT-15: refuses an Idempotency-Key with characters that are not allowed', async () => {
    const headers = { 'idempotency-key': 'a b' }
    const { status, body } = await app.call('POST', '/v1/keys', KEY, { headers })
    assert.deepEqual([status, body.code], [400, 'invalid_request'])
  })

  it('VER-15: answers a header of 1 MB, two Authorization headers and bytes that are not HTTP, and keeps running', async () => {
    const port = Number(new URL(await app.app.listen({ port: 0, host: '127.0.0.1' })).port)
    const said = (request: string) =>
      new Promise<string>((resolve, reject) => {
        let text = ''
        const socket = connect(port, '127.0.0.1', () => socket.write(request))
        socket.on('data', (chunk) => (text += chunk)).on('close', () => resolve(text))
        socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)))
      })
    const get = (...headers: string[]) =>
      `GET /v1/keys HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`
    assert.match(
      await said(get(`Authorization: Bearer ${'x'.repeat(1_000_000)}`)),
      /^HTTP\/1.1 431 [\s\S]*header_too_large/,
    )
    // As much as nginx accepts from a client and forwards, and more.
    const padded = [`Authorization: Bearer ${app.adminKey}`, `X-Pad: ${'x'.repeat(40_000)}`]
    assert.match(await said(get(...padded)), /^HTTP\/1.1 200 /)
    const twice = [`Authorization: Bearer ${app.adminKey}`, 'Authorization: Bearer other']
    assert.match(await said(get(...twice)), /^HTTP\/1.1 400 [\s\S]*two_credentials/)
    assert.match(await said('\0\0\0 nothing\r\n\r\n'), /^HTTP\/1.1 400 /)
    assert.match(await said(get(`Authorization: Bearer ${app.adminKey}`)), /^HTTP\/1.1 200 /)
  })
})
