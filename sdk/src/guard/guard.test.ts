import assert from 'node:assert/strict'
import test from 'node:test'
import { hashCredential, mintCredential } from '../credential/credential.ts'
import { at, NOW, Records, ranges, unknownKey } from '../source/record.fixture.ts'
import { SourceUnavailableError } from '../source/source.ts'
import type { UsageBatch } from '../source/usage-batch.ts'
import { createGuard, type Incoming } from './guard.ts'
import type { GuardOptions } from './guard-options.ts'

const arriving: Incoming = {
  method: 'GET',
  url: '/orders',
  authorization: [],
  xApiKey: [],
  peerIp: '198.51.100.1',
  forwardedFor: null,
  userAgent: 'curl/8',
}
const by = (key: string, different: Partial<Incoming> = {}): Incoming => ({
  ...arriving,
  authorization: [`Bearer ${key}`],
  ...different,
})

/** A source that also takes usage. */
class Server extends Records {
  readonly batches: UsageBatch[] = []
  async sendUsage(batch: UsageBatch) {
    this.batches.push(batch)
  }
}

function open(options: Partial<GuardOptions> = {}) {
  const server = new Server()
  const told: string[] = []
  const guard = createGuard({
    environment: 'live',
    source: server,
    now: () => NOW,
    onRefusal: ({ reason }, { method, path }) => told.push(`${reason} ${method} ${path}`),
    onError: (error) => told.push(String(error)),
    ...options,
  })
  return { server, told, guard, admit: guard.admitting(['orders:read']) }
}

async function answerTo(admission: ReturnType<ReturnType<typeof open>['admit']>) {
  const settled = await admission
  assert.ok('answer' in settled)
  return settled.answer
}

test('the last cost of a guard counts, once; an invalid cost is refused at start', () => {
  const guard = createGuard({ environment: 'live', source: new Records() })
  guard.admitting(['orders:read', { cost: 5 }])
  guard.admitting([{ cost: 0 }])
  const wrong: Parameters<typeof guard.admitting>[0][] = [
    [{ cost: -1 }],
    [{ cost: 0.5 }],
    [{ cost: 1_000_001 }],
    [{ cost: 1 }, 'orders:read'],
    [{ cost: 1 }, { cost: 2 }],
    [{ costs: 1 } as object],
    [['orders:read'] as object],
    [[] as object],
    [null as unknown as string],
    [undefined as unknown as string],
  ]
  for (const wanted of wrong) assert.throws(() => guard.admitting(wanted), TypeError, JSON.stringify(wanted))
})

test('admits a key with the scope: first after a lookup, then at once', async () => {
  const { server, admit, told } = open()
  const key = server.add()
  const first = await admit(by(key))
  const second = admit(by(key))
  assert.ok('principal' in first && 'principal' in second)
  assert.equal(second.principal.ownerId, 'org_1')
  assert.deepEqual(told, [])
})

test('VER-01: the log gets the reason, the client the code', async () => {
  const { server, admit, told } = open()
  const revoked = server.add({ ended: { reason: 'revoked', at: at(-1) } })
  const answers = [await answerTo(admit(by(revoked))), await answerTo(admit(by(unknownKey())))]
  assert.deepEqual(answers[0], answers[1])
  assert.deepEqual(told, ['revoked GET /orders', 'unknown GET /orders'])
})

test('VER-13: a key in the path is refused, and the log does not show it, encoded or damaged either', async () => {
  const { server, admit, told } = open()
  const key = server.add()
  const damaged = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`
  for (const shown of [key, damaged, key.replaceAll('_', '%5F'), key.replaceAll('_', '%255f')])
    await answerTo(admit({ ...arriving, url: `https://api.example/orders/${shown}` }))
  assert.equal(told.length, 4)
  for (const line of told) assert.ok(!line.includes(key.slice(8, 20)), line)
})

test('VER-13: a key in the URL is refused, and neither the log nor the report shows it', async () => {
  const { server, admit, told, guard } = open()
  const key = server.add()
  const answer = await answerTo(admit({ ...arriving, url: `https://api.example/orders?key=${key}` }))
  assert.equal(answer.body.code, 'credential_in_url')
  assert.deepEqual(told, ['credential_in_url GET /orders'])
  await guard.close()
  const exposed = [{ hash: hashCredential(key), at: at(0), ip: '198.51.100.1' }]
  assert.deepEqual(
    server.batches.map(({ items, exposed }) => ({ items, exposed })),
    [{ items: [], exposed }],
  )
})

test('VER-12: an allow-list sees through the configured proxies only', async () => {
  const officeOnly = { ipAllowlist: ranges('203.0.113.0/24') }
  const through = { peerIp: '10.0.0.1', forwardedFor: '203.0.113.7' }
  const trusting = open({ trustedProxies: ['10.0.0.0/8'] })
  assert.ok('principal' in (await trusting.admit(by(trusting.server.add(officeOnly), through))))
  const plain = open()
  assert.ok('answer' in (await plain.admit(by(plain.server.add(officeOnly), through))))
  assert.deepEqual(plain.told, ['ip_not_allowed GET /orders'])
})

test('VER-18, RS-10: without an answer from the source responds 503, reports it to the operator, and accepts nothing', async () => {
  const { server, admit, told } = open()
  const key = server.add()
  server.failure = new Error('connection refused')
  const answer = await answerTo(admit(by(key)))
  assert.equal(answer.status, 503)
  assert.equal(answer.body.code, 'verification_unavailable')
  assert.equal(answer.headers['retry-after'], '1')
  assert.deepEqual(told, ['SourceUnavailableError: a credential cannot be looked up: connection refused'])
})

test('VER-18: passes on when the source says to retry', async () => {
  const { server, admit } = open()
  server.failure = new SourceUnavailableError('busy', { retryAfterSeconds: 7 })
  assert.equal((await answerTo(admit(by(unknownKey())))).headers['retry-after'], '7')
})

test('the log gets a path of every URL, and never a query', async () => {
  const { admit, told } = open()
  const absolute = ['http://api.example', 'HTTP://api.example?a', 'http://api.example/a/b?c']
  for (const url of ['/', '', '/a?b=/c', '/a#b', ...absolute]) await admit({ ...arriving, url })
  assert.deepEqual(
    told.map((line) => line.replace('no_credential GET ', '')),
    ['/', '/', '/a', '/a', '/', '/', '/a/b'],
  )
})

test('RS-10: a listener that throws does not change the answer', async (t) => {
  const emitWarning = t.mock.method(process, 'emitWarning', () => {})
  const fails = () => {
    throw new Error('the log is full')
  }
  const { server, admit } = open({ onRefusal: fails, onError: fails })
  assert.equal((await answerTo(admit(by(unknownKey())))).status, 401)
  server.failure = new Error('down')
  assert.equal((await answerTo(admit(by(unknownKey())))).status, 503)
  assert.deepEqual(
    emitWarning.mock.calls.map(({ arguments: [message] }) => message),
    ['the log is full'],
  )
})

test('RS-10: a listener that rejects later is reported, and does not end the process or change the answer', async (t) => {
  const emitWarning = t.mock.method(process, 'emitWarning', () => {})
  const fails = async () => {
    throw new Error('the log is away')
  }
  const { server, admit } = open({ onRefusal: fails, onError: fails })
  assert.equal((await answerTo(admit(by(unknownKey())))).status, 401)
  server.failure = new Error('down')
  assert.equal((await answerTo(admit(by(unknownKey())))).status, 503)
  await new Promise((turn) => setImmediate(turn))
  assert.deepEqual(
    emitWarning.mock.calls.map(({ arguments: [message] }) => message),
    ['the log is away'],
  )
})

test('closing delivers the last counts', async () => {
  const { server, admit, guard } = open()
  const key = server.add()
  await admit(by(key))
  await admit(by(key))
  await guard.close()
  const [item] = server.batches[0]?.items ?? []
  assert.deepEqual(item, {
    credentialId: 'sec_1',
    outcome: 'accepted',
    scope: 'orders:read',
    minute: at(0),
    count: 2,
    calls: 2,
    lastAt: at(0),
    lastIp: '198.51.100.1',
    lastUserAgent: 'curl/8',
  })
})

test('VER-15: a megabyte, NUL and whatever else in a header is an answer', async () => {
  const { server, admit } = open()
  const rows: [header: string, code: string][] = [
    [`Bearer ${'a'.repeat(1_000_000)}`, 'invalid_token'],
    [`Bearer ${'a b'.repeat(300_000)}`, 'malformed_header'],
    ['Bearer \0', 'malformed_header'],
    ['\0'.repeat(1_000_000), 'no_credential'],
  ]
  for (const [header, code] of rows)
    assert.equal((await answerTo(admit({ ...arriving, authorization: [header] }))).body.code, code)
  assert.deepEqual(server.questions, [])
})

test('the hint names what the presented text says of itself, whether or not it exists', async () => {
  const { server, admit } = open()
  const real = server.add({ environment: 'test' })
  const answers = [await answerTo(admit(by(real))), await answerTo(admit(by(unknownKey('test'))))]
  assert.deepEqual(answers[0], answers[1])
  assert.equal(answers[0]?.body.hint, 'This credential is marked test; this API accepts live.')
})

test('the realm stands in the challenge', async () => {
  const { admit } = open({ realm: 'orders' })
  assert.equal((await answerTo(admit(arriving))).headers['www-authenticate'], 'Bearer realm="orders"')
})

/** Options from JavaScript, which no compiler checked. */
const WRONG_IN_JAVASCRIPT: readonly [option: object, message: RegExp][] = [
  ...[undefined, null, ['live'], { toString: () => 'live' }, 7, 'undefined '].map(
    (environment): [object, RegExp] => [{ environment }, /^TypeError: environment (must be|is missing)/],
  ),
  [{ trustedProxies: true }, /^TypeError: trustedProxies must be a list .*; it is true$/],
  [{ trustedProxies: '10.0.0.0/8' }, /^TypeError: trustedProxies must be a list/],
  [{ trustedProxies: [7] }, /^TypeError: trustedProxies must be a list/],
  [
    { trustedProxy: ['10.0.0.0/8'] },
    /^TypeError: unknown option trustedProxy; did you mean trustedProxies\?$/,
  ],
  [{ enviroment: 'live' }, /^TypeError: unknown option enviroment; did you mean environment\?$/],
  [{ quux: 1 }, /^TypeError: unknown option quux$/],
  [{ peerIp: () => null }, /^TypeError: unknown option peerIp/],
  [{ scopes: 'orders:read' }, /^TypeError: scopes must be a list of scopes/],
  [{ scopes: ['orders'] }, /^TypeError: scopes must be a list of scopes/],
  [{ url: new URL('https://a.example') }, /^TypeError: url must be/],
  [{ adminKey: 7 }, /^TypeError: adminKey must be/],
  [{ resource: null }, /^TypeError: resource must be/],
  [{ realm: 7 }, /^TypeError: realm must be/],
  [{ onRefusal: 'log' }, /^TypeError: onRefusal must be a function/],
  [{ onError: true }, /^TypeError: onError must be a function/],
  [{ now: 7 }, /^TypeError: now must be a function; it is 7$/],
  [{ maxStalenessMs: '5000' }, /^TypeError: maxStalenessMs must be a number/],
  [{ maxEntries: Number.NaN }, /^TypeError: maxEntries must be a number/],
  [{ feed: 'no' }, /^TypeError: feed must be true or false/],
  [{ limiter: {} }, /^TypeError: limiter must be/],
  [{ source: null }, /^TypeError: source must be/],
]

test('OPS-10: reports an invalid option when the program starts', () => {
  const source = new Records()
  const adminKey = mintCredential('admin_key').reveal()
  const wrong: [options: GuardOptions, message: RegExp][] = [
    [{ environment: 'live' }, /url is missing/],
    [{ environment: 'live', url: 'https://doorward.example' }, /adminKey is missing/],
    [
      { environment: 'live', url: 'https://doorward.example', adminKey: `${adminKey}x` },
      /adminKey is malformed/,
    ],
    [{ environment: '', source }, /environment must be/],
    [{ environment: 'Live', source }, /environment must be/],
    [{ environment: 'live', source, realm: 'a"b' }, /realm must be/],
    [
      { environment: 'live', source, trustedProxies: ['10.0.0.0/8', 'proxy'] },
      /trustedProxies holds proxy, which is neither/,
    ],
    [
      { environment: 'live', source, trustedProxies: ['10.0.0.1/8'] },
      /trustedProxies holds 10\.0\.0\.1\/8, .* the block is 10\.0\.0\.0\/8/,
    ],
    [
      { environment: 'live', source, trustedProxies: ['0.0.0.0/1', '128.0.0.0/1'] },
      /trustedProxies contains every IPv4 address/,
    ],
    ...WRONG_IN_JAVASCRIPT.map(([option, message]): [GuardOptions, RegExp] => [
      { environment: 'live', source, ...option },
      message,
    ]),
    [{ environment: 'live', source, maxStalenessMs: 5_001 }, /maxStalenessMs/],
  ]
  for (const [options, message] of wrong) assert.throws(() => createGuard(options), message, message.source)
  assert.throws(() => createGuard(undefined as unknown as GuardOptions), /^TypeError: options are missing/)
  createGuard({ environment: 'live', source, realm: undefined } as unknown as GuardOptions)
  createGuard({ environment: 'live', source, adminKey: () => adminKey })
})

test('RS-03, RS-06: a guard with a resource identifier names its metadata, and serves it', async () => {
  const resource = 'https://api.example.com/orders'
  const { server, guard, admit } = open({
    resource,
    issuer: 'https://id.example.com/',
    scopes: ['orders:read'],
  })
  const { path, document } = guard.resourceMetadata()
  assert.equal(path, '/.well-known/oauth-protected-resource/orders')
  assert.deepEqual(document, {
    resource,
    authorization_servers: ['https://id.example.com'],
    scopes_supported: ['orders:read'],
    bearer_methods_supported: ['header'],
  })
  const where = `resource_metadata="https://api.example.com${path}"`
  const challengeTo = async (key: string) => (await answerTo(admit(by(key)))).headers['www-authenticate']
  assert.equal((await answerTo(admit(arriving))).headers['www-authenticate'], `Bearer ${where}`)
  const elsewhere = server.add({ kind: 'access_token', audiences: ['https://other.example.com'] })
  assert.equal(await challengeTo(elsewhere), `Bearer error="invalid_token", ${where}`)
  const here = server.add({ kind: 'access_token', audiences: [resource], scopes: new Set() })
  assert.equal(await challengeTo(here), `Bearer error="insufficient_scope", scope="orders:read", ${where}`)
  assert.throws(() => open().guard.resourceMetadata(), TypeError)
  const spelled = open({ resource: 'https://API.example.com:443/', issuer: 'https://id.example.com' })
  assert.equal(spelled.guard.resourceMetadata().document.resource, 'https://api.example.com')
  const token = spelled.server.add({ kind: 'access_token', audiences: ['https://api.example.com'] })
  assert.ok('principal' in (await spelled.admit(by(token))))
  for (const wrong of ['orders', 'ftp://a.example', 'https://a.example/#x', 'https://a.example/"'])
    assert.throws(() => open({ resource: wrong }), TypeError, wrong)
})

test('the header before a key ends can be sent earlier, and not at all', async () => {
  for (const [expiryHeaderSeconds, isSent] of [
    [0, false],
    [3599, false],
    [3600, true],
    [undefined, true],
  ] as const) {
    const { server, admit } = open({ ...(expiryHeaderSeconds === undefined ? {} : { expiryHeaderSeconds }) })
    const admission = await admit(by(server.add({ expiresAt: at(3600) })))
    assert.ok('principal' in admission)
    assert.deepEqual(
      admission.headers,
      isSent ? { 'Doorward-Credential-Expires': at(3600).toISOString() } : null,
    )
  }
  assert.throws(() => open({ expiryHeaderSeconds: -1 }), /expiryHeaderSeconds must be a number of seconds/)
})
