import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { clientIp } from './client-ip.ts'
import { ranges } from './record.fixture.ts'

const proxies = ranges('10.0.0.0/8', '::1')

test('VER-12: the client is the nearest hop that is no trusted proxy', () => {
  const cases: [why: string, peer: string | null, forwarded: string | null, client: string | null][] = [
    ['no proxy at all', '198.51.100.1', null, '198.51.100.1'],
    ['an untrusted peer says what it likes', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['one proxy', '10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['two proxies', '10.0.0.1', '203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['what the client itself claims stands left of it', '10.0.0.1', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
    ['a claimed proxy does not help', '10.0.0.1', '10.0.0.9, 203.0.113.7', '203.0.113.7'],
    ['a peer in v6 clothes', '::ffff:10.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['no header', '10.0.0.1', null, '10.0.0.1'],
    ['an empty header', '10.0.0.1', '', '10.0.0.1'],
    ['garbage', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['garbage behind a sound hop', '10.0.0.1', '203.0.113.7, x, 10.0.0.2', '10.0.0.2'],
    ['a port is garbage', '10.0.0.1', '203.0.113.7:443', '10.0.0.1'],
    ['all are proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['the peer is not known', null, '203.0.113.7', null],
  ]
  for (const [why, peer, forwarded, client] of cases)
    assert.equal(clientIp(peer, forwarded, proxies), client, why)
})

test('VER-12: without trusted proxies the header is not looked at', () => {
  assert.equal(clientIp('10.0.0.1', '203.0.113.7', null), '10.0.0.1')
})

test('VER-12: nobody behind a proxy can choose an address, whatever they send', () => {
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
    assert.match(clientIp('10.0.0.1', forwarded, proxies) ?? '', /^(113\.0\.113\.7|10\.0\.0\.2)$/)
  }
})

test('VER-15: a megabyte of hops is cut', () => {
  const forwarded = `198.51.100.9, 203.0.113.7${', 10.0.0.2'.repeat(120_000)}`
  assert.equal(clientIp('10.0.0.1', forwarded, proxies), '10.0.0.2')
})
