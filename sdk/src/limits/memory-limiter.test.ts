import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { memoryLimiter } from './memory-limiter.ts'
import type { Counter, Taken } from './rate-limiter.ts'

function counter(id: string, limit: number, windowSeconds = 60): Counter {
  return { id, of: 'key', rateLimit: { name: id, limit, windowSeconds } }
}

test('a window starts with its first call, enforces its limit, and ends after its seconds', () => {
  let nowMs = 5_000
  const limiter = memoryLimiter(() => nowMs)
  const take = (cost = 1) => limiter.take([counter('a', 3)], cost) as Taken
  assert.deepEqual(take(2), { granted: true, counts: [{ used: 2, resetMs: 60_000 }], takenAtMs: 5_000 })
  nowMs += 59_999
  assert.deepEqual(take(), { granted: true, counts: [{ used: 3, resetMs: 1 }], takenAtMs: 64_999 })
  assert.deepEqual(take(), { granted: false, counts: [{ used: 3, resetMs: 1 }], takenAtMs: 64_999 })
  nowMs += 1
  assert.deepEqual(take(), { granted: true, counts: [{ used: 1, resetMs: 60_000 }], takenAtMs: 65_000 })
})

test('units given back are available again, and never more than were taken', () => {
  const limiter = memoryLimiter(() => 0)
  const a = [counter('a', 2)]
  limiter.take(a, 2)
  limiter.giveBack(a, 1)
  assert.equal((limiter.take(a, 1) as Taken).granted, true)
  assert.equal((limiter.take(a, 1) as Taken).granted, false)
  limiter.giveBack(a, 100)
  assert.deepEqual(limiter.take(a, 2), {
    granted: true,
    counts: [{ used: 2, resetMs: 60_000 }],
    takenAtMs: 0,
  })
  limiter.giveBack([counter('never seen', 1)], 5)
  assert.equal((limiter.take([counter('never seen', 1)], 2) as Taken).granted, false)
})

test('VER-10: units given back after their window has ended do not extend a later one', () => {
  let nowMs = 0
  const limiter = memoryLimiter(() => nowMs)
  const [short, long] = [counter('short', 2, 10), counter('long', 5, 60)]
  const used = () => (limiter.take([short, long], 0) as Taken).counts.map((count) => count?.used)
  const taken = limiter.take([short, long], 1) as Taken
  nowMs = 10_000
  limiter.take([short, long], 2)
  assert.deepEqual(used(), [2, 3])
  limiter.giveBack([short, long], 1, taken)
  assert.deepEqual(used(), [2, 2], 'only the window that still runs')
  const later = limiter.take([long], 1) as Taken
  limiter.giveBack([long], 1, later)
  assert.deepEqual(used(), [2, 2])
})

test('VER-09: for any calls and pauses, equals a plain count of granted calls, and a refused one leaves no trace', () => {
  const LIMITS = [counter('a', 5, 10), counter('b', 8, 30), counter('c', 3, 2)]
  const call = fc.record({
    which: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 3 }),
    cost: fc.integer({ min: 1, max: 4 }),
    pauseMs: fc.nat(4_000),
  })
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      let nowMs = 0
      const limiter = memoryLimiter(() => nowMs)
      /** The start of the running window, and the units granted in it. */
      const model = new Map<string, { beganMs: number; used: number }>()
      for (const { which, cost, pauseMs } of calls) {
        nowMs += pauseMs
        const counters = which.map((at) => LIMITS[at] as Counter)
        const windows = counters.map(({ id, rateLimit }) => {
          const known = model.get(id)
          const runs = known !== undefined && nowMs - known.beganMs < rateLimit.windowSeconds * 1000
          const window = runs ? known : { beganMs: nowMs, used: 0 }
          model.set(id, window)
          return window
        })
        const fits = counters.every(({ rateLimit }, at) => (windows[at]?.used ?? 0) + cost <= rateLimit.limit)
        if (fits) for (const window of windows) window.used += cost
        const taken = limiter.take(counters, cost) as Taken
        assert.equal(taken.granted, fits)
        assert.deepEqual(
          taken.counts.map((count) => count?.used),
          windows.map(({ used }) => used),
        )
      }
    }),
  )
})

test('however many keys there are, memory is bounded, and running windows of the newest are kept', () => {
  let nowMs = 0
  const limiter = memoryLimiter(() => nowMs)
  for (let n = 0; n < 100_500; n += 1) limiter.take([counter(`k${n}`, 1)], 1)
  assert.equal((limiter.take([counter('k100499', 1)], 1) as Taken).granted, false)
  assert.equal((limiter.take([counter('k0', 1)], 1) as Taken).granted, true, 'the oldest was let go')
  nowMs += 60_000
  assert.equal((limiter.take([counter('k100499', 1)], 1) as Taken).granted, true)
})
