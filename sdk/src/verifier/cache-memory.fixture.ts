import { digestCredential } from '../credential/digest.ts'
import { aRecord, NOW, ranges } from '../source/record.fixture.ts'
import { recordFromWire, recordToWire } from '../verdict/record.wire.ts'
import { RecordCache } from './cache.ts'

/**
 * Fills a cache with records of one kind to its limit, and prints the counted and the measured bytes: see `cache-
 * memory.test.ts`.
 */

const MAX_BYTES = 16 * 1024 * 1024
const many = <Each>(count: number, each: (n: number) => Each): Each[] =>
  Array.from({ length: count }, (_, n) => each(n))

/** The worst content of records, each kind without equal parts. */
const KINDS: Record<string, (n: number) => Parameters<typeof aRecord>[0]> = {
  'keys of one owner': () => ({}),
  'a key of each owner': (n) => ({ ownerId: `org_${n}` }),
  ends: (n) => ({ ended: { reason: 'revoked', at: new Date(NOW + n) } }),
  'allow-lists of 200 addresses': (n) => ({
    ipAllowlist: ranges(...many(200, (at) => `10.${(n >> 8) & 255}.${n & 255}.${at}`)),
  }),
  'allow-lists of 200 blocks of IPv6': (n) => ({
    ipAllowlist: ranges(...many(200, (at) => `2001:db8:${n.toString(16)}:${at.toString(16)}::/64`)),
  }),
  'allow-lists of 5 addresses': (n) => ({
    ipAllowlist: ranges(...many(5, (at) => `10.${(n >> 8) & 255}.${n & 255}.${at}`)),
  }),
  'metadata of many names': (n) => ({
    metadata: Object.fromEntries(many(300, (at) => [`${n.toString(36)}${at.toString(36)}`, at])),
  }),
  'metadata of objects with names of their own': (n) => ({
    metadata: {
      list: many(20, (one) => Object.fromEntries(many(20, (at) => [`${at}_${n}_${one}`, 1]))),
    },
  }),
  'metadata of many objects': (n) => ({ metadata: { n, list: many(1_000, () => ({})) } }),
  'metadata of many lists': (n) => ({ metadata: { n, list: many(1_000, () => []) } }),
  'metadata in wide text': (n) => ({ metadata: { text: `${n}→${'x'.repeat(3_900)}` } }),
  'many scopes': (n) => ({ scopes: new Set(many(200, (at) => `resource_${n}_of_many:read_${at}`)) }),
  limits: (n) => ({
    limits: {
      key: {
        rateLimits: many(5, (at) => ({ name: `limit_${at}`, limit: n + 1, windowSeconds: 60 })),
        quota: null,
      },
      owner: { rateLimits: [], quota: { limit: n + 1, period: 'day' } },
    },
  }),
}

const gc = globalThis.gc
if (gc === undefined) throw new Error('run with --expose-gc')

function taken(): number {
  for (let round = 0; round < 3; round++) gc?.()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}

const kind = KINDS[process.argv[2] ?? '']
if (kind === undefined) process.stdout.write(JSON.stringify(Object.keys(KINDS)))
else {
  const cache = new RecordCache({ maxBytes: MAX_BYTES, maxEntries: 1_000_000 })
  const before = taken()
  for (let n = 0; cache.bytes < MAX_BYTES * 0.9; n++) {
    const ids = { credentialId: `sec_${n}`.padEnd(26, 'x'), keyId: `key_${n}`.padEnd(26, 'x') }
    const wire = JSON.stringify(recordToWire(aRecord({ ...ids, ...kind(n) })))
    const digest = digestCredential(`${n}`)
    cache.set(digest, recordFromWire(JSON.parse(wire)), NOW)
    cache.profileAt(cache.find(digest, NOW)).ipAllowlist?.includes('192.0.2.1')
  }
  const measured = taken() - before
  process.stdout.write(JSON.stringify({ entries: cache.size, counted: cache.bytes, measured }))
}
