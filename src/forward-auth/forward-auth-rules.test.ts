import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readForwardAuth } from './forward-auth.wire.ts'
import { type Rule, ruleFor } from './forward-auth-rules.ts'

const ENVIRONMENTS = ['live', 'test']

function rulesOf(rules: readonly Record<string, unknown>[]): readonly Rule[] {
  const read = readForwardAuth({ proxy: 'nginx', environment: 'live', rules }, ENVIRONMENTS)
  if (!read.ok) throw new Error(read.no.join('\n'))
  return read.value.rules
}

function find(rules: readonly Rule[], path: string, method = 'GET', host: string | null = null) {
  const rule = ruleFor(rules, { method, host, path, uri: path })
  return rule === null || rule === 'ambiguous' ? rule : rules.indexOf(rule)
}

const RULES = rulesOf([
  { path: '/admin/*', scopes: ['admin:write'] },
  { path: '/orders/*/refund', methods: ['POST'], scopes: ['orders:refund'] },
  { path: '/orders/*', methods: ['GET', 'HEAD'], scopes: ['orders:read'] },
  { path: '/health', open: true },
  { path: '/', scopes: [] },
  { host: 'files.example.com', path: '/*', scopes: ['files:read'] },
])

describe('the rule that a request matches', () => {
  const table: [method: string, path: string, met: number | null | 'ambiguous', host?: string][] = [
    ['GET', '/admin', 0],
    ['GET', '/admin/', 0],
    ['GET', '/admin/users/7', 0],
    ['DELETE', '/admin/users', 0],
    ['GET', '/administrator', null],
    ['POST', '/orders/7/refund', 1],
    ['POST', '/orders/7/refund/', 1],
    ['POST', '/orders/7/refund/more', null],
    ['GET', '/orders/7/refund', 2],
    ['GET', '/orders', 2],
    ['HEAD', '/orders/7', 2],
    ['POST', '/orders', null],
    ['GET', '/orders/key_4eN%20x', 2],
    ['GET', '/orders/gr%C3%B6%C3%9Fe', 2],
    ['GET', '/health', 3],
    ['GET', '/healthy', null],
    ['GET', '/', 4],
    ['GET', '/anything', null],
    ['GET', '/anything', 5, 'files.example.com'],
    ['GET', '/admin', 0, 'files.example.com'],
    ['GET', '/anything', null, 'example.com'],
  ]
  for (const [method, path, met, host] of table)
    it(`${method} ${host ?? ''}${path}: ${met ?? 'none, so it is refused'}`, () =>
      assert.equal(find(RULES, path, method, host ?? null), met))

  const tricks = [
    '//admin',
    '/orders//../admin',
    '/orders/../admin',
    '/orders/./7',
    '/orders/..',
    '/orders/.../7',
    '/orders/%2e%2e/admin',
    '/orders/%2E./admin',
    '/orders/..%2fadmin',
    '/orders/7%2F..%2F..%2Fadmin',
    '/orders/7%2f',
    '/orders/%252e%252e/admin',
    '/orders/7%25',
    '/orders/7;jsessionid=1',
    '/orders/..;/admin',
    '/orders/7%3Bx',
    '/orders\\..\\admin',
    '/orders/..%5cadmin',
    '/orders/7%3f',
    '/orders/7%23',
    '/orders/7%00',
    '/orders/7%0a',
    '/orders/%c0%ae%c0%ae/admin',
    '/orders/%ff',
    '/orders/%e2%80%8b7',
    '/orders/%ef%bc%8fadmin',
    '/orders/%ef%bc%8e%ef%bc%8e/admin',
    '/orders/%e2%80%a4%e2%80%a4/admin',
    '/orders/ 7',
    '/orders/7 ',
    '/orders/%20',
    '/orders/%2e',
    '/orders/%u002e%u002e/admin',
    '/orders/%',
    '/orders/%2',
    '/orders/größe',
    '/orders/7#x',
    'orders/7',
    '',
    '*',
    `/orders/${'x'.repeat(4_100)}`,
    '/Admin',
    '/ADMIN/users',
    '/admin.',
    '/admin%20',
    '/%61dmin',
    '/adm%69n/users',
    '/%ef%bd%81dmin',
    '/admın%2e',
    '/Orders/7',
    '/o%72ders/7',
  ]
  for (const path of tricks)
    it(`refuses ${JSON.stringify(path.slice(0, 40))} as ambiguous, because upstreams differ`, () =>
      assert.equal(find(RULES, path), 'ambiguous'))

  it('no spelling of a path reaches the same resource under a weaker rule', () => {
    const guarded = rulesOf([
      { path: '/admin/*', scopes: ['admin:write'] },
      { path: '/*', scopes: ['basic:read'] },
    ])
    const piece = fc.constantFrom(
      ...[
        'admin',
        'ADMIN',
        '%61dmin',
        'a',
        'x',
        '..',
        '.',
        '%2e%2e',
        '%2f',
        '/',
        '//',
        ';',
        ';x=1',
        '%5c',
        '\\',
      ],
      ...['%00', ' ', '%20', '%25', '%252e', '%ef%bc%8f', '%ef%bc%8e', '%e2%80%8b', '+', '~', '%41', '%'],
    )
    const paths = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`)
    let passed = 0
    fc.assert(
      fc.property(paths, (path) => {
        const met = find(guarded, path)
        if (met !== 1) return
        passed += 1
        for (const reader of READERS)
          assert.notEqual(reader(path)[0], 'admin', `${path} is read as /admin by ${reader.name}`)
      }),
      { numRuns: 20_000 },
    )
    assert.ok(passed > 100, 'some paths pass')
  })

  it('compares hosts without trailing dot and port; a missing host matches no rule with a host', () => {
    assert.equal(find(RULES, '/x', 'GET', 'files.example.com'), 5)
    assert.equal(find(RULES, '/x', 'GET', 'files.example.com.evil.example'), null)
    assert.equal(find(RULES, '/x', 'GET', null), null)
  })
})

/** Path parsers of upstreams, from strict to lenient. */
const READERS: readonly ((path: string) => string[])[] = [
  function asSent(path) {
    return segments(path)
  },
  function decodedOnce(path) {
    return segments(lenientlyDecoded(path))
  },
  function decodedFirstThenResolved(path) {
    return resolved(lenientlyDecoded(path))
  },
  function resolvedFirstThenDecoded(path) {
    return resolved(path).map(lenientlyDecoded)
  },
  function decodedTwice(path) {
    return resolved(lenientlyDecoded(lenientlyDecoded(path)))
  },
  function withoutParameters(path) {
    return resolved(path.replace(/;[^/]*/g, '')).map(lenientlyDecoded)
  },
  function likeWindows(path) {
    const text = lenientlyDecoded(path).replaceAll('\\', '/').toLowerCase()
    return resolved(text.replace(/[. ]+(?=\/|$)/g, (end, at) => (text[at - 1] === '/' ? end : '')))
  },
  function compatible(path) {
    return resolved(lenientlyDecoded(path).normalize('NFKC').toLowerCase())
  },
  function cutAtNul(path) {
    return resolved(lenientlyDecoded(path).split('\0')[0] ?? '')
  },
]

function lenientlyDecoded(text: string): string {
  return text.replace(/(%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      return escapes
    }
  })
}

function segments(path: string): string[] {
  return path.split('/').slice(1)
}

/** RFC 3986 §5.2.4, with empty segments merged. */
function resolved(path: string): string[] {
  const stack: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') stack.pop()
    else if (segment !== '.' && segment !== '') stack.push(segment)
  }
  return stack
}

describe('the rules file', () => {
  const sound = { proxy: 'nginx', environment: 'live', rules: [{ path: '/a', scopes: ['a:read'] }] }
  const faultsOf = (change: Record<string, unknown>): readonly string[] => {
    const read = readForwardAuth({ ...sound, ...change }, ENVIRONMENTS)
    return read.ok ? [] : read.no
  }
  const ofRule = (rule: Record<string, unknown>) => faultsOf({ rules: [{ path: '/a', scopes: [], ...rule }] })

  it('defines proxies, environment, hosts, methods and scopes', () => {
    const read = readForwardAuth({ ...sound, proxies: ['10.0.0.0/8', '::1'] }, ENVIRONMENTS)
    assert.ok(read.ok)
    assert.equal(read.value.proxies?.includes('10.1.2.3'), true)
    assert.deepEqual(read.value.rules[0]?.scopes, ['a:read'])
    assert.equal(read.ok && rulesOf([{ path: '/a', scopes: [] }])[0]?.methods, null)
  })

  it('RS-06: takes the resource from the rule, from the file, or from the default API', () => {
    const own = { path: '/b', scopes: [], resource: 'https://b.example.com' }
    const read = readForwardAuth(
      { ...sound, resource: 'https://a.example.com', rules: [{ path: '/a', scopes: [] }, own] },
      ENVIRONMENTS,
    )
    assert.ok(read.ok)
    assert.deepEqual(
      read.value.rules.map(({ resource }) => resource),
      ['https://a.example.com', 'https://b.example.com'],
    )
    assert.equal(rulesOf([{ path: '/a', scopes: [] }])[0]?.resource, null)
  })

  it('OPS-10: reports every fault with its place', () => {
    const table: [faults: readonly string[], expected: RegExp][] = [
      [faultsOf({ proxy: 'apache' }), /^\/proxy must be one of nginx, caddy, traefik, envoy$/],
      [faultsOf({ environment: 'production' }), /^\/environment must be one of live, test$/],
      [faultsOf({ proxies: ['10.0.0.0/8', 'proxy'] }), /^\/proxies holds proxy/],
      [faultsOf({ proxies: ['::/0'] }), /^\/proxies contains every IPv4 address/],
      [faultsOf({ rules: [] }), /^\/rules /],
      [faultsOf({ rule: [] }), /^\/rule is not known here$/],
      [ofRule({ scope: 'a:read' }), /^\/rules\/0\/scope is not known here$/],
      [ofRule({ scopes: ['a:read', 'A'] }), /^\/rules\/0\/scopes\/1 /],
      [ofRule({ methods: ['get'] }), /^\/rules\/0\/methods\/0 /],
      [ofRule({ methods: [] }), /^\/rules\/0\/methods /],
      [ofRule({ open: true }), /^\/rules\/0 must have either scopes/],
      [ofRule({ scopes: undefined }), /^\/rules\/0 must have either scopes/],
      [ofRule({ resource: 'orders' }), /^\/rules\/0\/resource /],
      [faultsOf({ resource: 7 }), /^\/resource /],
      [
        ofRule({ scopes: undefined, open: true, resource: 'urn:a' }),
        /^\/rules\/0 is open, so it has no resource$/,
      ],
      [ofRule({ open: false }), /^\/rules\/0\/open /],
      [ofRule({ host: 'Example.com' }), /^\/rules\/0\/host must be lower-case/],
      [ofRule({ host: 'example.com:443' }), /^\/rules\/0\/host must be lower-case/],
    ]
    for (const path of [
      'a',
      '',
      '//',
      '/a//b',
      '/../b',
      '/a/.',
      '/a%20b',
      '/a*',
      '/a/**',
      '/a;b',
      '/a?b',
      '/ä',
      '/a/',
    ])
      table.push([ofRule({ path }), /^\/rules\/0\/path must be like/])
    for (const [faults, expected] of table) {
      assert.equal(faults.length, 1, `${expected}: ${faults}`)
      assert.match(faults[0] ?? '', expected)
    }
    assert.equal(readForwardAuth('rules', ENVIRONMENTS).ok, false)
    assert.equal(faultsOf({ proxy: 'x', environment: 'y', proxies: ['z'] }).length, 3)
    const asked = { proxy: 'haproxy', proxies: ['10.0.0.1/8'], rules: [{ path: 'orders', scopes: ['A'] }] }
    const read = readForwardAuth({ ...asked, rule: 1 }, ENVIRONMENTS)
    assert.ok(!read.ok)
    const places = read.no.map((fault) => fault.split(' ', 1)[0])
    assert.deepEqual(
      new Set(places),
      new Set(['/', '/rule', '/rules/0/scopes/0', '/proxy', '/proxies', '/rules/0/path']),
      'of form and of meaning together',
    )
    for (const rules of [null, 7, [null, 7, 'x', []], [{ path: 7, host: 7 }]])
      assert.equal(readForwardAuth({ ...sound, rules }, ENVIRONMENTS).ok, false)
  })

  it('reports a rule that an earlier one covers: its scopes would never be required', () => {
    const hidden: [first: Record<string, unknown>, later: Record<string, unknown>][] = [
      [{ path: '/*' }, { path: '/admin' }],
      [{ path: '/orders/*' }, { path: '/orders' }],
      [{ path: '/orders/*' }, { path: '/orders/*/refund' }],
      [{ path: '/a/*/c' }, { path: '/a/b/c' }],
      [{ path: '/a' }, { path: '/A' }],
      [{ path: '/a' }, { path: '/a', methods: ['POST'], host: 'example.com' }],
      [
        { path: '/a', methods: ['GET', 'POST'] },
        { path: '/a', methods: ['POST'] },
      ],
    ]
    const reached: typeof hidden = [
      [{ path: '/admin/*' }, { path: '/*' }],
      [{ path: '/a' }, { path: '/a/*' }],
      [{ path: '/a/b/c' }, { path: '/a/*/c' }],
      [{ path: '/*', methods: ['GET'] }, { path: '/a' }],
      [
        { path: '/*', methods: ['GET'] },
        { path: '/a', methods: ['GET', 'POST'] },
      ],
      [{ path: '/*', host: 'example.com' }, { path: '/a' }],
      [{ path: '/a/*/c' }, { path: '/a/b' }],
    ]
    const together = (rules: readonly Record<string, unknown>[]) =>
      faultsOf({ rules: rules.map((rule) => ({ scopes: [], ...rule })) })
    for (const pair of hidden)
      assert.match(together(pair)[0] ?? JSON.stringify(pair), /^\/rules\/1 is never reached: \/rules\/0 /)
    for (const pair of reached) assert.deepEqual(together(pair), [], JSON.stringify(pair))
  })
})
