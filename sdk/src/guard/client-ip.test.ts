import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ranges } from '../source/record.fixture.ts'
import { addressOfHop, clientIp } from './client-ip.ts'

const proxies = ranges('10.0.0.0/8', '::1')

test('VER-12: the client is the nearest hop that is not a trusted proxy', () => {
  const cases: [why: string, peer: string | null, forwarded: string | null, client: string | null][] = [
    ['no proxy at all', '198.51.100.1', null, '198.51.100.1'],
    ['an untrusted peer says what it likes', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['one proxy', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['two proxies', '10.0.0.1', '203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['what the client itself claims stands left of it', '10.0.0.1', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
    ['a claimed proxy does not help', '10.0.0.1', '10.0.0.9, 203.0.113.7', '203.0.113.7'],
    ['a peer in v6 clothes', '::ffff:10.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['no header', '10.0.0.1', null, '10.0.0.1'],
    ['all are proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the peer is not known', null, '203.0.113.7', null],
    ['a port (Azure, IIS)', '10.0.0.1', '203.0.113.7:443', '203.0.113.7'],
    ['ports of proxies', '10.0.0.1', '203.0.113.7:5, 10.0.0.2:4', '203.0.113.7'],
    ['a stranger with a port ends the walk', '10.0.0.1', '10.0.0.9, 203.0.113.7:80', '203.0.113.7'],
    ['brackets', '10.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    ['brackets and a port', '10.0.0.1', '[2001:db8::1]:443', '2001:db8::1'],
    ['a mapped address in brackets', '10.0.0.1', '[::ffff:203.0.113.7]:443', '203.0.113.7'],
    ['a zone of another machine', '10.0.0.1', `fe80::1%${'a'.repeat(100)}`, 'fe80::1'],
    ['blanks around it', '10.0.0.1', ' 203.0.113.7 \t', '203.0.113.7'],
  ]
  for (const [why, peer, forwarded, client] of cases)
    assert.equal(clientIp(peer, forwarded, proxies), client, why)
})

/** Hops that are not addresses, or have an invalid port. */
const UNREADABLE = [
  ...[
    '',
    ' ',
    'unknown',
    '_hidden',
    'localhost',
    'x',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.1.',
    '10',
  ],
  ...['203.0.113.7:', '203.0.113.7:0', '203.0.113.7:x', '203.0.113.7:65536', '203.0.113.7:99999999'],
  ...['203.0.113.7:80:80', '203.0.113.7 :80', '203.0.113.7: 80', '203.0.113.7:-1', '203.0.113.7:8e1'],
  ...[
    '[2001:db8::1',
    '2001:db8::1]',
    '[2001:db8::1]:',
    '[2001:db8::1]:0',
    '[2001:db8::1]:x',
    '[2001:db8::1]80',
  ],
  ...['[2001:db8::1]:70000', '[[2001:db8::1]]', '[]', '[]:80', '[203.0.113.7]', '[203.0.113.7]:80', '[x]:80'],
  ...[
    '"203.0.113.7"',
    'for=203.0.113.7',
    '203.0.113.7;proto=https',
    '203.0.113.0/24',
    'http://203.0.113.7',
    '\0',
  ],
]

test('VER-12: a hop that cannot be read makes the caller unknown, and never the proxy that wrote it', () => {
  for (const hop of UNREADABLE) {
    assert.equal(addressOfHop(hop.trim()), null, JSON.stringify(hop))
    for (const forwarded of [hop, `203.0.113.7, ${hop}`, `${hop}, 10.0.0.2`, `10.0.0.3,${hop},10.0.0.2:80`])
      assert.equal(clientIp('10.0.0.1', forwarded, proxies), null, JSON.stringify(forwarded))
    assert.equal(clientIp('10.0.0.1', `${hop}, 203.0.113.7`, proxies), '203.0.113.7', hop)
    assert.equal(clientIp('198.51.100.1', hop, proxies), '198.51.100.1', 'an untrusted peer is the caller')
  }
})

test('VER-12: whatever a proxy writes, the caller is an address in it, or unknown: no address is made up', () => {
  const port = fc.oneof(fc.nat(70_000).map(String), fc.string({ maxLength: 4 }))
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.2', '::1', ...UNREADABLE))
  const hop = fc.oneof(
    address,
    fc.tuple(address, port).map(([ip, at]) => `${ip}:${at}`),
    fc.tuple(fc.ipV6(), port).map(([ip, at]) => `[${ip}]:${at}`),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(hop, { minLength: 1, maxLength: 4 }), (hops) => {
      const forwarded = hops.join(', ')
      const client = clientIp('10.0.0.1', forwarded, proxies)
      if (client !== null) assert.ok(forwarded.toLowerCase().includes(client.toLowerCase()), forwarded)
      const read = forwarded.split(',').map((each) => addressOfHop(each.trim()))
      const stranger = read.findLastIndex((each) => each === null || !proxies.includes(each))
      assert.equal(client, read[Math.max(0, stranger)] ?? null, forwarded)
    }),
    { numRuns: 5_000 },
  )
})

test('VER-12: without trusted proxies the header is not looked at', () => {
  assert.equal(clientIp('10.0.0.1', '203.0.113.7', null), '10.0.0.1')
  assert.equal(clientIp('10.0.0.1', 'unknown', null), '10.0.0.1')
})

test('VER-12: no client behind a proxy can choose its address, whatever it sends', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.ipV4()).map((hops) => hops.join(', ')),
      ),
      (sent) => clientIp('10.0.0.1', `${sent}, 203.0.113.7`, proxies) === '203.0.113.7',
    ),
  )
})

test('VER-12: where a header is cut, half an address is not taken for a whole one', () => {
  for (let spaces = 0; spaces < 30; spaces++) {
    const forwarded = `113.0.113.7,${' '.repeat(spaces)}${Array(199).fill('10.0.0.2').join(', ')}`
    const whole = forwarded.length <= 2_000 ? '113.0.113.7' : null
    assert.equal(clientIp('10.0.0.1', forwarded, proxies), whole)
  }
})

test('VER-15: cuts a megabyte of hops, and ignores those left of the cut', () => {
  const forwarded = `198.51.100.9, 203.0.113.7${', 10.0.0.2'.repeat(120_000)}`
  assert.equal(clientIp('10.0.0.1', forwarded, proxies), null)
  assert.equal(clientIp('10.0.0.1', `${forwarded}, 203.0.113.8`, proxies), '203.0.113.8')
})
