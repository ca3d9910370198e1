import assert from 'node:assert/strict'
import { BlockList, isIPv4 } from 'node:net'
import test from 'node:test'
import fc from 'fast-check'
import { ranges } from '../source/record.fixture.ts'
import { normalizeIp, parseIpRanges, readIpRanges } from './ip-ranges.ts'

test('addresses and CIDR blocks of both families', () => {
  const office = ranges('203.0.113.7', '10.0.0.0/8', '2001:db8::/32', '::1')
  for (const ip of ['203.0.113.7', '10.255.0.1', '2001:db8:ffff::1', '2001:DB8::1', '::1', '0:0:0:0:0:0:0:1'])
    assert.equal(office.includes(ip), true, ip)
  for (const ip of ['203.0.113.8', '11.0.0.1', '2001:db9::1', '::2'])
    assert.equal(office.includes(ip), false, ip)
})

test('an IPv4-mapped IPv6 address is the IPv4 address', () => {
  const ten = ranges('10.0.0.0/8')
  for (const ip of ['::ffff:10.1.2.3', '::FFFF:10.1.2.3', '::ffff:a01:203']) assert.ok(ten.includes(ip), ip)
  assert.equal(ten.includes('::ffff:11.1.2.3'), false)
  assert.equal(ranges('::ffff:10.0.0.0/104').includes('10.1.2.3'), true)
})

test('a text that is not an address is in no range', () => {
  const everywhere = ranges('0.0.0.0/0', '::/0')
  for (const ip of [null, '', 'localhost', '10.0.0.1 ', '010.0.0.1', '10.0.0.1/8', '1'])
    assert.equal(everywhere.includes(ip), false, String(ip))
  assert.equal(ranges().includes('10.0.0.1'), false)
})

test('names an entry that is not a range', () => {
  const wrong = [
    '',
    'localhost',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/',
    '10.0.0.0/8/8',
  ]
  wrong.push('::/129', '10.0.0.0/1e1', ' 10.0.0.0/8', 'fe80::1%eth0', '10.0.0.0/8\n')
  for (const entry of wrong) assert.deepEqual(parseIpRanges(['::1', entry]), { notARange: entry })
})

test('VER-12: of what a person wrote, refuses a block with bits after its prefix, and names the block', () => {
  const rows: readonly (readonly [entry: string, block: string | null])[] = [
    ['10.0.0.1/8', '10.0.0.0/8'],
    ['203.0.113.7/24', '203.0.113.0/24'],
    ['192.168.1.1/31', '192.168.1.0/31'],
    ['255.255.255.255/1', '128.0.0.0/1'],
    ['2001:db8::1/32', '2001:db8::/32'],
    ['2001:DB8:0:1::/48', '2001:db8::/48'],
    ['::ffff:10.0.0.1/104', '::ffff:a00:0/104'],
    ['10.0.0.0/8', null],
    ['10.0.0.1', null],
    ['10.0.0.1/32', null],
    ['2001:db8::/32', null],
    ['::1', null],
    ['::1/128', null],
    ['::ffff:10.0.0.0/104', null],
  ]
  for (const [entry, block] of rows) {
    const read = readIpRanges(['203.0.113.0/24', entry])
    if (block === null) assert.ok('entries' in read, entry)
    else assert.ok('fault' in read && read.fault.includes(`the block is ${block},`), JSON.stringify(read))
  }
  const none = readIpRanges(['x'.repeat(1_000)])
  assert.ok('fault' in none && none.fault.length < 200)
})

test('VER-12: of what a person wrote, refuses blocks that contain every address together', () => {
  const whole = [
    ['0.0.0.0/0'],
    ['203.0.113.7', '0.0.0.0/0'],
    ['::/0'],
    ['0.0.0.0/1', '128.0.0.0/1'],
    ['128.0.0.0/1', '64.0.0.0/2', '0.0.0.0/2'],
    ['::ffff:0:0/96'],
    ['::/1', '8000::/1'],
    // It contains the IPv4-mapped addresses.
    ['::/1'],
  ]
  for (const entries of whole) {
    const read = readIpRanges(entries)
    assert.ok('fault' in read, entries.join())
    assert.match(read.fault, /^contains every IPv[46] address, so it restricts nothing$/)
  }
  const parts = [['0.0.0.0/1'], ['0.0.0.0/1', '128.0.0.0/2'], ['2000::/3'], ['8000::/1', '0.0.0.0/1'], []]
  for (const entries of parts) assert.ok('entries' in readIpRanges(entries), entries.join())
})

test('VER-12: what a person wrote and is taken holds what it says, and the block that is named is taken', () => {
  const word = fc.nat({ max: 0xffffffff })
  fc.assert(
    fc.property(word, fc.integer({ min: 1, max: 32 }), (net, bits) => {
      const entry = `${dotted(net)}/${bits}`
      const read = readIpRanges([entry])
      if ('entries' in read) return
      const block = /the block is (\S+),/.exec(read.fault)?.[1] ?? ''
      assert.ok('entries' in readIpRanges([block]), `${entry}: ${block}`)
      assert.ok(ranges(block).includes(dotted(net)))
    }),
  )
})

test('a v4 block holds exactly the addresses that begin with its bits', () => {
  const word = fc.nat({ max: 0xffffffff })
  fc.assert(
    fc.property(word, fc.integer({ min: 0, max: 32 }), word, fc.boolean(), (net, bits, other, near) => {
      const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
      const ip = near ? ((net & mask) | (other & ~mask)) >>> 0 : other
      const inside = (net & mask) >>> 0 === (ip & mask) >>> 0
      assert.equal(ranges(`${dotted(net)}/${bits}`).includes(dotted(ip)), inside)
    }),
    { numRuns: 1_000 },
  )
})

test('an arbitrary text is a range or named, and nothing throws', () => {
  const text = fc.oneof(
    fc.string(),
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4Extended(),
    fc.stringMatching(/^[0-9a-f:./%]{0,30}$/),
  )
  fc.assert(
    fc.property(text, text, (entry, ip) => {
      const parsed = parseIpRanges([entry])
      if ('notARange' in parsed) assert.equal(parsed.notARange, entry)
      else assert.equal(typeof parsed.includes(ip), 'boolean')
    }),
    { numRuns: 2_000 },
  )
})

test('VER-12: for any list, contains what Node’s own BlockList contains', () => {
  const hex = fc.nat({ max: 0xffff }).map((group) => group.toString(16))
  const near = fc.oneof(
    fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `10.0.${a}.${b}`),
    fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `::ffff:10.0.${a}.${b}`),
    fc.nat(0x3ff).map((low) => `::ffff:a00:${low.toString(16)}`),
    fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `2001:db8:${a}::${b}`),
    fc.tuple(hex, hex).map(([a, b]) => `2001:db8::${a}:0:0:${b}`),
    fc.constantFrom('::', '::1', '0.0.0.0', '255.255.255.255', '::ffff:255.255.255.255', '::fffe:ffff:ffff'),
    fc.constantFrom(
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      '1:2:3:4:5:6:7::',
      '::2:3:4:5:6:7:8',
      '::1:0:0:0',
    ),
    fc.ipV4(),
    fc.ipV6(),
  )
  const entry = fc
    .tuple(near, fc.option(fc.nat(128)))
    .map(([ip, bits]) => (bits === null ? ip : `${ip}/${isIPv4(ip) ? bits >> 2 : bits}`))
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), fc.array(near, { maxLength: 8 }), (entries, ips) => {
      const list = new BlockList()
      for (const entry of entries) {
        const [ip = '', bits] = entry.split('/')
        const width = isIPv4(ip) ? 32 : 128
        list.addSubnet(ip, bits === undefined ? width : Number(bits), isIPv4(ip) ? 'ipv4' : 'ipv6')
      }
      const own = ranges(...entries)
      for (const ip of ips) {
        assert.equal(own.includes(ip), list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6'), `${ip} in ${entries}`)
        if (!isIPv4(ip)) assert.equal(own.includes(`${ip}%eth0`), own.includes(ip))
      }
    }),
    { numRuns: 5_000 },
  )
})

test('OPS-08: an address is bounded, whatever zone a client writes', () => {
  const zone = `%${'a'.repeat(100)}`
  assert.equal(normalizeIp('fe80::1%eth0'), 'fe80::1%eth0')
  assert.equal(normalizeIp(`fe80::1${zone}`), 'fe80::1')
  assert.equal(normalizeIp(`::ffff:10.0.0.1${zone}`), '10.0.0.1')
})

test('one spelling for a mapped address', () => {
  assert.equal(normalizeIp('::ffff:10.0.0.1'), '10.0.0.1')
  assert.equal(normalizeIp('10.0.0.1'), '10.0.0.1')
  assert.equal(normalizeIp('2001:db8::1'), '2001:db8::1')
  for (const text of [null, undefined, '', 'x', '10.0.0.1:80']) assert.equal(normalizeIp(text), null)
})

function dotted(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 0xff).join('.')
}
