import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { digestCredential } from '../credential/digest.ts'
import type { ChangedHolders } from '../source/changes.ts'
import { aRecord, at, NOW, ranges } from '../source/record.fixture.ts'
import { judge, whyNot } from '../verdict/judge.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import { RecordCache } from './cache.ts'

const record = aRecord()
const revoked = { reason: 'revoked', at: at(-1) } as const
const digest = (name: string) => digestCredential(name)

test('returns the record that was set, whatever it holds', () => {
  const cache = new RecordCache()
  const records = [
    aRecord(),
    aRecord({ credentialId: 'sec_2', keyId: 'key_2', expiresAt: at(9), retiresAt: at(8) }),
    aRecord({ expiresAt: new Date(0), retiresAt: new Date(-1) }),
    aRecord({ ended: { reason: 'disabled', at: at(-1) }, metadata: { plan: 'pro' } }),
    aRecord({ ended: revoked, scopes: new Set() }),
  ]
  for (const [n, each] of records.entries()) cache.set(digest(`${n}`), each, NOW)
  for (const [n, each] of records.entries()) assert.deepEqual(cache.get(digest(`${n}`), NOW), each)
})

test('judging in a slot gives the same verdict as judging the record', () => {
  const moments = [null, ...[-1, 0, 1].map(at)]
  const cases = fc.record({
    ended: fc.constantFrom(null, revoked, { reason: 'disabled', at: at(-2) } as const),
    retiresAt: fc.constantFrom(...moments),
    expiresAt: fc.constantFrom(...moments),
    environment: fc.constantFrom('live', 'test'),
    audiences: fc.constantFrom(null, [], ['https://api.example']),
    ipAllowlist: fc.constantFrom(null, ranges('203.0.113.0/24'), ranges('10.0.0.0/8')),
    scopes: fc.constantFrom(new Set<string>(), new Set(['orders:read'])),
    kind: fc.constantFrom('api_key' as const, 'access_token' as const),
    keyId: fc.constantFrom(null, 'key_1'),
    metadata: fc.constantFrom({}, { plan: 'pro' }),
  })
  const ask = {
    scopes: ['orders:read'],
    environment: 'live',
    resource: 'https://api.example',
    clientIp: '203.0.113.7',
  }
  fc.assert(
    fc.property(cases, (different) => {
      const record = aRecord(different)
      const cache = new RecordCache()
      cache.set(digest('a'), record, NOW)
      const slot = cache.find(digest('a'), NOW)
      const verdict = judge(record, ask, NOW)
      const refusal = whyNot(cache.profileAt(slot), cache.endedAt(slot, NOW), ask)
      assert.deepEqual(refusal, verdict.valid ? null : verdict.refusal)
      if (verdict.valid) assert.deepEqual(cache.principalAt(slot), verdict.principal)
    }),
  )
})

test('KEY-10: an answer is good for maxStalenessMs from when it was asked for, and not a millisecond more', () => {
  const cache = new RecordCache()
  cache.set(digest('a'), record, NOW)
  cache.set(digest('b'), null, NOW)
  assert.deepEqual(cache.get(digest('a'), NOW + 4_999), record)
  assert.equal(cache.get(digest('b'), NOW + 4_999), null)
  assert.equal(cache.get(digest('a'), NOW + 5_000), undefined)
  assert.equal(cache.get(digest('b'), NOW + 5_000), undefined)
  assert.equal(cache.get(digest('a'), NOW - 1), undefined, 'a clock that went back proves nothing')
  assert.equal(cache.get(digest('c'), NOW), undefined)
})

test('KEY-10: while changes are confirmed, records stay usable; after the last confirmation, for maxStalenessMs', () => {
  const cache = new RecordCache()
  cache.set(digest('a'), record, NOW)
  cache.set(digest('b'), null, NOW)
  for (let second = 1; second <= 100; second++) {
    cache.confirm(NOW + second * 1000, NOW + second * 1000)
    assert.deepEqual(cache.get(digest('a'), NOW + second * 1000 + 900), record)
    assert.equal(cache.get(digest('b'), NOW + second * 1000 + 900), null)
  }
  cache.confirm(NOW, NOW + 100_000)
  assert.deepEqual(cache.get(digest('a'), NOW + 104_999), record, 'an older word takes nothing back')
  assert.equal(cache.get(digest('a'), NOW + 105_000), undefined)
  assert.deepEqual(cache.get(digest('a'), NOW + 105_000, 1_000), record)
  assert.equal(cache.get(digest('a'), NOW + 106_000, 1_000), undefined)
})

test('KEY-10: an end that cannot be undone stays, whatever slower answers say, and needs no freshness', () => {
  for (const reason of ['revoked', 'rotated', 'expired'] as const) {
    const cache = new RecordCache()
    const ended = { reason, at: at(-1) }
    cache.set(digest('a'), record, NOW)
    cache.end(digest('a'), ended)
    cache.set(digest('a'), record, NOW + 1)
    cache.set(digest('a'), null, NOW + 1)
    cache.forget(digest('a'))
    assert.deepEqual(cache.get(digest('a'), NOW + 1e9), aRecord({ ended }), reason)

    // In a record, an expiry is a deadline and not an action.
    if (reason === 'expired') continue
    cache.set(digest('b'), aRecord({ ended }), NOW)
    cache.set(digest('b'), record, NOW + 1)
    assert.deepEqual(cache.get(digest('b'), NOW + 1e9), aRecord({ ended }), reason)
  }
})

test('an end that can be undone does not stay, nor a deadline that may have passed by one clock only', () => {
  for (const ended of [
    { ended: { reason: 'disabled', at: at(-1) } },
    { ended: { reason: 'owner_suspended', at: at(-1) } },
    { ended: { reason: 'expired', at: at(-1) }, expiresAt: at(-1) },
    { ended: { reason: 'rotated', at: at(-1) }, retiresAt: at(-1) },
  ] as const) {
    const cache = new RecordCache()
    cache.set(digest('a'), aRecord(ended), NOW)
    assert.equal(cache.get(digest('a'), NOW + 5_000), undefined)
    cache.set(digest('a'), record, NOW + 1)
    assert.deepEqual(cache.get(digest('a'), NOW + 1), record)
  }
})

test('an older answer never replaces a newer one', () => {
  const cache = new RecordCache()
  cache.set(digest('a'), aRecord({ scopes: new Set() }), NOW + 1)
  cache.set(digest('a'), record, NOW)
  cache.set(digest('a'), null, NOW)
  assert.deepEqual(cache.get(digest('a'), NOW + 1), aRecord({ scopes: new Set() }))
})

test('KEY-10: no cache can be configured to use a record for longer than 5 s', () => {
  for (const maxStalenessMs of [5_001, -1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => new RecordCache({ maxStalenessMs }), RangeError)
  for (const maxEntries of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => new RecordCache({ maxEntries }), RangeError)
  for (const maxBytes of [0, -1, Number.NaN]) assert.throws(() => new RecordCache({ maxBytes }), RangeError)
  const none = new RecordCache({ maxStalenessMs: 0 })
  none.set(digest('a'), record, NOW)
  assert.equal(none.get(digest('a'), NOW), undefined)
})

test('OPS-08: unknown hashes never evict records, and have less room', () => {
  const cache = new RecordCache({ maxEntries: 20_000 })
  cache.set(digest('known'), record, NOW)
  for (let i = 0; i < 20_000; i++) cache.set(digest(`garbage ${i}`), null, NOW)
  assert.deepEqual(cache.get(digest('known'), NOW), record)
  assert.equal(cache.size, 10_001)
})

test('OPS-08: is bounded in entries and bytes, and evicts what is not in use (CLOCK)', () => {
  const cache = new RecordCache({ maxEntries: 100 })
  for (let i = 0; i < 100; i++) cache.set(digest(`${i}`), record, NOW)
  for (let i = 100; i < 1_000; i++) {
    cache.set(digest(`${i}`), record, NOW)
    assert.equal(cache.size, 100)
    assert.deepEqual(cache.get(digest(`${i}`), NOW), record, 'the newest is there')
    if (i >= 200) assert.deepEqual(cache.get(digest('popular'), NOW), record)
    cache.set(digest('popular'), record, NOW)
  }
  const heavy = new RecordCache({ maxBytes: 200_000 })
  for (let i = 0; i < 1_000; i++) {
    const metadata = { note: `${i}`.padStart(1_000, 'x') }
    heavy.set(digest(`${i}`), aRecord({ metadata }), NOW)
    assert.ok(heavy.bytes <= 200_000 + 4_000)
    assert.deepEqual(heavy.get(digest(`${i}`), NOW)?.metadata, metadata)
  }
})

/** The model: the same cache in the simplest code. */
class NaiveCache {
  readonly entries = new Map<
    string,
    { record: CredentialRecord | null; askedAtMs: number; isOutdated?: boolean }
  >()
  confirmedAtMs = Number.NEGATIVE_INFINITY

  set(name: string, record: CredentialRecord | null, askedAtMs: number) {
    const known = this.entries.get(name)
    if (known?.record?.ended?.reason === 'revoked') return
    if (known?.record != null && known.askedAtMs > askedAtMs) return
    this.entries.set(name, { record, askedAtMs })
  }
  end(name: string) {
    const known = this.entries.get(name)
    if (known?.record) known.record = { ...known.record, ended: revoked }
    else this.entries.delete(name)
  }
  forget(name: string) {
    if (this.entries.get(name)?.record?.ended?.reason !== 'revoked') this.entries.delete(name)
  }
  clear() {
    for (const [name, { record }] of this.entries)
      if (record?.ended?.reason !== 'revoked') this.entries.delete(name)
  }
  invalidate({ ownerIds, clientIds }: ChangedHolders) {
    for (const entry of this.entries.values()) {
      const { ownerId, clientId } = entry.record ?? { ownerId: '', clientId: null }
      if (ownerIds.includes(ownerId) || clientIds.includes(String(clientId))) entry.isOutdated = true
    }
  }
  get(name: string, nowMs: number) {
    const entry = this.entries.get(name)
    if (entry === undefined) return undefined
    if (entry.record?.ended?.reason === 'revoked') return entry.record
    if (entry.isOutdated === true) return undefined
    const age = nowMs - Math.max(entry.askedAtMs, this.confirmedAtMs)
    return age >= 0 && age < 5_000 ? entry.record : undefined
  }
}

test('for any operations, answers as the naive cache does', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const time = fc.integer({ min: 0, max: 12_000 })
  const given = fc.constantFrom(
    ...[null, record, aRecord({ ended: revoked }), aRecord({ expiresAt: at(3) })],
    ...[aRecord({ ownerId: 'org_2' }), aRecord({ ownerId: 'org_2', metadata: { n: 1 } })],
    aRecord({ kind: 'access_token', keyId: null, clientId: 'cli_1', ownerId: 'org_2' }),
  )
  const holders = fc.record({
    ownerIds: fc.subarray([record.ownerId, 'org_2', 'org_3']),
    clientIds: fc.subarray(['cli_1', 'cli_2']),
  })
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), name, given, time }),
    fc.record({ do: fc.constant('forget' as const), name }),
    fc.record({ do: fc.constant('end' as const), name }),
    fc.record({ do: fc.constant('get' as const), name, time }),
    fc.record({ do: fc.constant('confirm' as const), time, nowMs: time }),
    fc.record({ do: fc.constant('invalidate' as const), holders }),
    fc.record({ do: fc.constant('clear' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const cache = new RecordCache()
      const naive = new NaiveCache()
      for (const step of steps) {
        if (step.do === 'set') {
          cache.set(digest(step.name), step.given, step.time)
          naive.set(step.name, step.given, step.time)
        } else if (step.do === 'forget') {
          cache.forget(digest(step.name))
          naive.forget(step.name)
        } else if (step.do === 'end') {
          cache.end(digest(step.name), revoked)
          naive.end(step.name)
        } else if (step.do === 'confirm') {
          cache.confirm(step.time, step.nowMs)
          naive.confirmedAtMs = Math.max(naive.confirmedAtMs, Math.min(step.time, step.nowMs))
        } else if (step.do === 'clear') {
          cache.clear()
          naive.clear()
        } else if (step.do === 'invalidate') {
          cache.invalidate(step.holders)
          naive.invalidate(step.holders)
        } else assert.deepEqual(cache.get(digest(step.name), step.time), naive.get(step.name, step.time))
        assert.equal(cache.size, naive.entries.size)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('KEY-10: a confirmation from the future counts from when it came: it vouches for no time to come', () => {
  const cache = new RecordCache()
  cache.set(digest('a'), record, NOW)
  cache.confirm(NOW + 20_000, NOW + 1_000)
  assert.deepEqual(cache.get(digest('a'), NOW + 5_999), record)
  assert.equal(cache.get(digest('a'), NOW + 6_000), undefined)
  assert.equal(cache.get(digest('a'), NOW + 21_000), undefined)
})

test('KEY-10: what an owner or a client changed is asked for again, and nothing else is', () => {
  const cache = new RecordCache()
  const token = { kind: 'access_token', keyId: null, ownerId: 'org_2' } as const
  const records = {
    theirs: aRecord({ ownerId: 'org_1' }),
    'theirs, with another profile': aRecord({ ownerId: 'org_1', metadata: { n: 1 } }),
    'ended for good': aRecord({ ownerId: 'org_1', ended: revoked }),
    'a token': aRecord({ ...token, clientId: 'cli_1' }),
    'a key of another': aRecord({ ownerId: 'org_2' }),
    'another client’s token': aRecord({ ...token, clientId: 'cli_2' }),
  }
  for (const [name, each] of Object.entries(records)) cache.set(digest(name), each, NOW)
  cache.set(digest('unknown'), null, NOW)
  const kept = () =>
    Object.keys(records).filter((name) => cache.get(digest(name), NOW + 1, 60_000) !== undefined)
  cache.invalidate({ ownerIds: ['org_1', 'org_none'], clientIds: ['cli_1', 'org_2'] })
  const others = ['ended for good', 'a key of another', 'another client’s token']
  assert.deepEqual(kept(), others)
  assert.equal(cache.get(digest('unknown'), NOW + 1), null)
  cache.set(digest('theirs'), records.theirs, NOW + 1)
  assert.deepEqual(kept(), ['theirs', ...others], 'an equal answer that is newer is good')
  cache.clear()
  assert.deepEqual(kept(), ['ended for good'], 'what cannot be undone outlives everything')
  assert.equal(cache.get(digest('ended for good'), NOW + 1)?.ended?.reason, 'revoked')
})
