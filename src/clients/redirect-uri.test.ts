import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { allowsImpersonation, matchesRedirectUri, whyNotPageUri, whyNotRedirectUri } from './redirect-uri.ts'

const HTTPS = [
  'https://app.example.com/callback',
  'https://app.example.com',
  'https://app.example.com/',
  'https://app.example.com:8443/a/b?tenant=1&x=%20',
  'https://xn--bcher-kva.example/cb',
  'https://localhost/cb',
  'https://192.0.2.7/cb',
  'https://[2001:db8::1]/cb',
  'https://example.com/@me/cb',
  'https://example.com/a:b/c;d=e,f',
  'https://example.com/.well-known/cb',
]
const LOOPBACK = [
  'http://127.0.0.1/callback',
  'http://127.0.0.1:8080/callback?a=b',
  'http://127.0.0.1',
  'http://[::1]/callback',
  'http://[::1]:49152/',
  'http://localhost/callback',
  'http://localhost:3000/api/auth/callback/doorward',
]
const NATIVE = [
  'com.example.app:/oauth2redirect',
  'com.example.app:/oauth2redirect/provider?a=b',
  'com.example.app://callback',
  'io.github.some-one.tool:/',
]

/** No client of any type registers these. */
const NEVER = [
  ...['', ' ', 'callback', '/callback', '//app.example.com/cb', '?a', 'https', 'https:', '://x'],
  ...[
    'https:/app.example.com/cb',
    'https:app.example.com',
    'https:///cb',
    'https://',
    'https://?x',
    'https://:443',
  ],
  // Fragments, user names, wildcards
  ...['https://a.example/cb#', 'https://a.example/cb#x', 'com.example.app:/cb#x', 'http://127.0.0.1/#'],
  ...[
    'https://user@a.example/cb',
    'https://user:pw@a.example/',
    'https://@a.example/',
    'http://127.0.0.1@evil.example/',
  ],
  ...[
    'https://a.example:443@evil.example/',
    'com.example.app://user@host/cb',
    'https://a.example%40evil.example/',
  ],
  ...['https://*.example.com/cb', 'https://a.example/*', 'http://localhost:*/cb', 'https://*', '*'],
  // Whitespace, control characters, backslashes, what is not ASCII
  ...[' https://a.example/cb', 'https://a.example/cb ', 'https://a.example/c b', 'https://a.example/\tcb'],
  ...[
    'https://a.example/cb\n',
    'https://a.example/cb\r\nLocation: https://evil.example',
    '\u0000https://a.example/',
  ],
  ...[
    'https://a.example\\@evil.example/',
    'https:\\\\a.example',
    'https://a.example/\\..',
    'https://evil.example\\.a.example/',
  ],
  ...[
    'https://bücher.example/cb',
    'https://a.example/ü',
    'https://ａ.example/',
    'https://a.example/\u202ecb',
  ],
  ...[
    'https://a.example/"',
    'https://a.example/<script>',
    'https://a.example/`',
    'https://a.example/{x}',
    'https://a.example/^',
  ],
  ...['https://a.example/%', 'https://a.example/%z1', 'https://a.example/%1'],
  // Dangerous schemes, plain and disguised
  ...[
    'javascript',
    'data',
    'file',
    'vbscript',
    'blob',
    'about',
    'view-source',
    'filesystem',
    'jar',
    'ws',
    'wss',
    'ftp',
  ].flatMap((scheme) => [
    `${scheme}:alert(1)`,
    `${scheme}:/alert(1)`,
    `${scheme}://a.example/cb`,
    `${scheme}://127.0.0.1/%0aalert(1)`,
    `${scheme.toUpperCase()}:alert(1)`,
    `${scheme.charAt(0).toUpperCase()}${scheme.slice(1)}://a.example/`,
    ` ${scheme}:alert(1)`,
    `\u0001${scheme}:alert(1)`,
    `${scheme.slice(0, 4)}\t${scheme.slice(4)}:alert(1)`,
    `${scheme.slice(0, 4)}\n${scheme.slice(4)}:alert(1)`,
    `${scheme.slice(0, 4)}%0a${scheme.slice(4)}:alert(1)`,
    `${scheme}&colon;alert(1)`,
    `${scheme}%3aalert(1)`,
    `blob:https://a.example/${scheme}`,
  ]),
  ...[
    'data:text/html;base64,PHNjcmlwdD4=',
    'javascript://a.example/%0aalert(1)',
    'intent://a.example/#Intent;end',
  ],
  // http that is not this machine, in every spelling
  ...[
    'http://a.example/cb',
    'http://127.0.0.1.a.example/',
    'http://localhost.a.example/',
    'http://localhost./cb',
  ],
  ...[
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://127.0.0.2/',
    'http://0.0.0.0/',
  ],
  ...[
    'http://[::ffff:127.0.0.1]/',
    'http://[::]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://LOCALHOST/',
    'http://127.0.0.1%2f.a.example/',
  ],
  ...[
    'http:127.0.0.1/cb',
    'http:/127.0.0.1/cb',
    'HTTP://127.0.0.1/cb',
    'http://127.0.0.1:0/',
    'http://127.0.0.1:080/',
  ],
  ...['http://127.0.0.1:99999/', 'http://127.0.0.1:/', 'http://127.0.0.1:80:80/', 'http://127.0.0.1:a/'],
  // Hosts that browsers rewrite, so that who reads them is misled
  ...[
    'https://EXAMPLE.com/cb',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://a.example%2fevil.example/',
    'https://a..b:x/',
    'https://a,b.example/',
    'https://a_b.example/',
    "https://a.example'x/",
    'https://a.example;x/',
  ],
  ...[
    'https://[::0001]/',
    'https://a.example:/',
    'https://a.example:0443/',
    'https://a.example:70000/',
    'https://[::1/',
  ],
  // Paths that browsers resolve
  ...[
    'https://a.example/cb/../evil',
    'https://a.example/..',
    'https://a.example/./cb',
    'https://a.example/%2e%2E/x',
    'https://a.example/.%2e',
  ],
  // What the answer says by itself
  ...[
    'https://a.example/cb?code=1',
    'https://a.example/cb?x=1&state=2',
    'https://a.example/?iss=x',
    'https://a.example/?%63ode=1',
  ],
  // Schemes that no app can own, or that are none
  ...[
    'myapp:/cb',
    'myapp://cb',
    'urn:ietf:wg:oauth:2.0:oob',
    'com.example.app:cb',
    'com.example.app:',
    'Com.Example.App:/cb',
  ],
  ...['.example:/cb', 'com..app:/cb', 'com.example.:/cb', '1com.example:/cb', 'com.example_app:/cb'],
  // What no browser can read as a URL
  ...['com.example.app://[x]/cb', 'com.example.app://a:b/cb', 'com.example.app://a:99999/cb'],
  `https://a.example/${'x'.repeat(2000)}`,
]

describe('redirect URIs at registration', () => {
  for (const type of ['confidential', 'public'] as const)
    for (const uri of [...HTTPS, ...LOOPBACK])
      it(`${uri} is fine for ${type} clients`, () => assert.equal(whyNotRedirectUri(uri, type), null))

  for (const uri of NATIVE)
    it(`${uri} is fine for public clients only (RFC 8252 §7.1)`, () => {
      assert.equal(whyNotRedirectUri(uri, 'public'), null)
      assert.match(whyNotRedirectUri(uri, 'confidential') ?? '', /public clients only/)
    })

  it(`AUZ-04 AUZ-05 REG-08: ${NEVER.length} others are refused, each with a sentence`, () => {
    for (const uri of NEVER)
      for (const type of ['confidential', 'public'] as const)
        assert.match(whyNotRedirectUri(uri, type) ?? '', /^(is|has|must) .*\.$/, JSON.stringify(uri))
  })

  it('AUZ-04: whatever is put together, what is accepted goes where it says, over https, to this machine or an app', () => {
    const piece = fc.constantFrom(
      ...[
        'http',
        'https',
        'javascript',
        'JavaScript',
        'data',
        'file',
        'com.example',
        ':',
        '/',
        '//',
        '\\',
        '@',
        '#',
      ],
      ...[
        '?',
        '*',
        '%',
        '%2f',
        '%40',
        '.',
        '..',
        '%2e',
        '127.0.0.1',
        '[::1]',
        'localhost',
        'a.example',
        'evil.example',
      ],
      ...[' ', '\t', '\n', '\0', ':80', ':0', 'x', 'É', '\u202e', '&', '=', 'code=', ';', '"', '<'],
    )
    const anything = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc
        .tuple(fc.constantFrom('https://', 'http://'), fc.array(piece, { maxLength: 6 }))
        .map(([a, b]) => a + b.join('')),
      fc.string({ unit: 'binary' }),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
    )
    let accepted = 0
    fc.assert(
      fc.property(anything, (uri) => {
        if (whyNotRedirectUri(uri, 'public') !== null) return
        accepted += 1
        const { protocol, hostname, host, username, password, hash } = new URL(uri)
        assert.equal(username + password + hash, '')
        assert.ok(!/[^\x21-\x7e]|[\\*#]/.test(uri))
        if (protocol === 'https:') assert.ok(uri.startsWith(`https://${host}`))
        else if (protocol === 'http:') assert.ok(['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
        else assert.match(protocol, /^[a-z][a-z0-9-]*\.[a-z0-9.-]+:$/)
      }),
      { numRuns: 20_000 },
    )
    assert.ok(accepted > 100, 'the property saw something')
  })

  it('REG-06: pages are https and nothing else', () => {
    for (const uri of HTTPS) assert.equal(whyNotPageUri(uri), null)
    for (const uri of [...NEVER, ...LOOPBACK, ...NATIVE])
      if (!/[?&](code|state|iss|%63ode)=/.test(uri))
        assert.notEqual(whyNotPageUri(uri), null, JSON.stringify(uri))
  })
})

/** Registered URIs, requested URI, and whether they match. */
const MATCHES: readonly (readonly [registered: string, asked: string, matches: boolean])[] = [
  ['https://a.example/cb', 'https://a.example/cb', true],
  ['https://a.example/cb', 'https://a.example/cb/', false],
  ['https://a.example/cb', 'https://a.example/CB', false],
  ['https://a.example/cb', 'https://A.example/cb', false],
  ['https://a.example/cb', 'HTTPS://a.example/cb', false],
  ['https://a.example/cb', 'https://a.example:443/cb', false],
  ['https://a.example:443/cb', 'https://a.example/cb', false],
  ['https://a.example/cb', 'https://a.example/cb?', false],
  ['https://a.example/cb', 'https://a.example/cb?x=1', false],
  ['https://a.example/cb?x=1', 'https://a.example/cb', false],
  ['https://a.example/cb?x=1&y=2', 'https://a.example/cb?y=2&x=1', false],
  ['https://a.example/cb', 'https://a.example/cb#x', false],
  ['https://a.example/cb', 'https://a.example/cb/../cb', false],
  ['https://a.example/cb', 'https://a.example/%63b', false],
  ['https://a.example/c%20b', 'https://a.example/c b', false],
  ['https://a.example/%e4', 'https://a.example/%E4', false],
  ['https://a.example/', 'https://a.example', false],
  ['https://a.example', 'https://a.example.evil.example', false],
  ['https://a.example/cb', 'https://a.example/cb.evil.example', false],
  ['https://a.example/cb', 'https://user@a.example/cb', false],
  ['https://a.example/cb', 'https://evil.example/?https://a.example/cb', false],
  ['https://a.example/cb', ' https://a.example/cb', false],
  ['https://a.example/cb', 'https://a.example/cb\n', false],
  ['https://a.example:1234/cb', 'https://a.example:1235/cb', false],
  ['https://127.0.0.1/cb', 'https://127.0.0.1:8080/cb', false],
  ['https://localhost:3000/cb', 'https://localhost:3001/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:49152/cb', true],
  ['http://127.0.0.1:3000/cb', 'http://127.0.0.1:49152/cb', true],
  ['http://127.0.0.1:3000/cb', 'http://127.0.0.1/cb', true],
  ['http://127.0.0.1/cb?x=1', 'http://127.0.0.1:1/cb?x=1', true],
  ['http://[::1]/cb', 'http://[::1]:65535/cb', true],
  ['http://localhost/callback', 'http://localhost:8080/callback', true],
  ['http://127.0.0.1/cb', 'http://localhost/cb', false],
  ['http://localhost/cb', 'http://127.0.0.1/cb', false],
  ['http://127.0.0.1/cb', 'http://[::1]/cb', false],
  ['http://127.0.0.1/cb', 'https://127.0.0.1:8080/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb/', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb?x=1', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb#x', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:08080/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:65536/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:0/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:80@evil.example/cb', false],
  ['http://127.0.0.1/cb', 'http://user@127.0.0.1/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1.evil.example/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:80.evil.example/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.2:8080/cb', false],
  ['http://127.0.0.1/cb', 'http://127.1:8080/cb', false],
  ['http://127.0.0.1/cb', 'HTTP://127.0.0.1:8080/cb', false],
  ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb\n', false],
  ['http://127.0.0.1', 'http://127.0.0.1:8080', true],
  ['http://127.0.0.1', 'http://127.0.0.1:8080/', false],
  ['com.example.app:/cb', 'com.example.app:/cb', true],
  ['com.example.app:/cb', 'com.example.app://cb', false],
  ['com.example.app:/cb', 'Com.example.app:/cb', false],
  ['com.example.app:/cb', 'com.example.app:/cb?x', false],
]

describe('redirect URIs at authorization', () => {
  for (const [registered, asked, expected] of MATCHES)
    it(`AUZ-01: ${JSON.stringify(asked)} ${expected ? 'is' : 'is not'} ${registered}`, () =>
      assert.equal(matchesRedirectUri(asked, ['https://other.example/', registered]), expected))

  it('AUZ-01: matches a registered URI only, except for the port of a loopback address', () => {
    const registered = [...HTTPS, ...LOOPBACK, ...NATIVE]
    const portless = (uri: string) => uri.replace(/^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)):\d+/, '$1')
    const places = new Set(registered.map(portless))
    const near = fc
      .tuple(
        fc.constantFrom(...registered),
        fc.nat(60),
        fc.nat(3),
        fc.constantFrom('', '/', 'A', '@', ':1', '%', ' '),
      )
      .map(([uri, at, cut, more]) => uri.slice(0, at) + more + uri.slice(at + cut))
    fc.assert(
      fc.property(fc.oneof(near, fc.string(), fc.webUrl()), (asked) => {
        assert.ok(
          !matchesRedirectUri(asked, registered) || registered.includes(asked) || places.has(portless(asked)),
        )
      }),
      { numRuns: 20_000 },
    )
  })

  it('nothing matches where nothing is registered', () => {
    for (const uri of [...HTTPS, ...LOOPBACK, '']) assert.equal(matchesRedirectUri(uri, []), false)
  })

  it('CON-17: a scheme or a port can be impersonated: only https cannot', () => {
    for (const uri of HTTPS) assert.equal(allowsImpersonation(uri), false)
    for (const uri of [...LOOPBACK, ...NATIVE]) assert.equal(allowsImpersonation(uri), true)
  })
})
