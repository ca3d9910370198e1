import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { RecordCache } from './cache.ts'
import { aRecord, NOW } from './record.fixture.ts'

const record = aRecord()

test('KEY-10: an answer is good for maxStalenessMs from when it was asked for, and not a millisecond more', () => {
  const cache = new RecordCache()
  cache.set('a', record, NOW)
  cache.set('b', null, NOW)
  assert.equal(cache.get('a', NOW + 4_999), record)
  assert.equal(cache.get('b', NOW + 4_999), null)
  assert.equal(cache.get('a', NOW + 5_000), undefined)
  assert.equal(cache.get('b', NOW + 5_000), undefined)
  assert.equal(cache.get('a', NOW - 1), undefined, 'a clock that went back proves nothing')
  assert.equal(cache.get('c', NOW), undefined)
})

test('KEY-10: no cache can be told to keep an answer longer than 5 s', () => {
  for (const maxStalenessMs of [5_001, -1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => new RecordCache({ maxStalenessMs }), RangeError)
  for (const maxEntries of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => new RecordCache({ maxEntries }), RangeError)
  const none = new RecordCache({ maxStalenessMs: 0 })
  none.set('a', record, NOW)
  assert.equal(none.get('a', NOW), undefined)
})

test('garbage never pushes out what is known, and has less room', () => {
  const cache = new RecordCache({ maxEntries: 20_000 })
  cache.set('known', record, NOW)
  for (let i = 0; i < 50_000; i++) cache.set(`garbage ${i}`, null, NOW)
  assert.equal(cache.get('known', NOW), record)
  assert.equal(cache.size, 10_001)
})

/** The same in the plainest words: a list of answers, oldest first. */
class NaiveCache {
  entries: { hash: string; known: boolean; askedAtMs: number }[] = []
  readonly room: number
  constructor(room: number) {
    this.room = room
  }
  set(hash: string, known: boolean, askedAtMs: number) {
    this.forget(hash)
    const alike = this.entries.filter((entry) => entry.known === known)
    const [oldest] = alike
    if (alike.length >= this.room && oldest !== undefined) this.forget(oldest.hash)
    this.entries.push({ hash, known, askedAtMs })
  }
  forget(hash: string) {
    this.entries = this.entries.filter((entry) => entry.hash !== hash)
  }
  get(hash: string, nowMs: number) {
    const entry = this.entries.find((entry) => entry.hash === hash)
    if (entry === undefined || nowMs < entry.askedAtMs || nowMs >= entry.askedAtMs + 5_000) return undefined
    return entry.known ? record : null
  }
}

test('whatever is done to it, it answers as the naive cache does', () => {
  const hash = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const time = fc.integer({ min: 0, max: 12_000 })
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), hash, known: fc.boolean(), time }),
    fc.record({ do: fc.constant('forget' as const), hash }),
    fc.record({ do: fc.constant('get' as const), hash, time }),
    fc.record({ do: fc.constant('clear' as const) }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), (room, steps) => {
      const cache = new RecordCache({ maxEntries: room })
      const naive = new NaiveCache(room)
      for (const step of steps) {
        if (step.do === 'set') {
          cache.set(step.hash, step.known ? record : null, step.time)
          naive.set(step.hash, step.known, step.time)
        } else if (step.do === 'forget') {
          cache.forget(step.hash)
          naive.forget(step.hash)
        } else if (step.do === 'clear') {
          cache.clear()
          naive.entries = []
        } else assert.equal(cache.get(step.hash, step.time), naive.get(step.hash, step.time))
        assert.equal(cache.size, naive.entries.length)
      }
    }),
    { numRuns: 1_000 },
  )
})
