import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { NOW } from '../source/record.fixture.ts'
import { UsageCounter } from '../source/usage.ts'
import type { Ask } from '../verdict/judge.ts'
import type { Slot } from './digest-table.ts'
import { type CountedSlots, UsageBySlot } from './usage-by-slot.ts'

const asks: Ask[] = [['orders:read'], ['orders:read'], ['orders:write'], []].map((scopes) => ({
  scopes,
  environment: 'live',
  clientIp: null,
}))

/** A cache of four slots: the credential that comes to a slot evicts the one before. */
class FakeCache implements CountedSlots {
  readonly #at = new Map<Slot, { id: number; mark: number; calls: number; ms: number }>()
  onEvict: CountedSlots['onEvict'] = null

  put(slot: Slot, id: number): number {
    const there = this.#at.get(slot)
    if (there?.id === id) return id
    if (there !== undefined) this.onEvict?.one(slot)
    this.#at.set(slot, { id, mark: 0, calls: 0, ms: 0 })
    return id
  }

  #of(slot: Slot) {
    const there = this.#at.get(slot)
    if (there === undefined) throw new Error('this slot is empty')
    return there
  }

  credentialIdAt = (slot: Slot) => `sec_${this.#of(slot).id}`
  readonly counters = {
    markAt: (slot: Slot) => this.#of(slot).mark,
    lastAt: (slot: Slot) => this.#of(slot).ms,
    setMark: (slot: Slot, mark: number) => {
      this.#of(slot).mark = mark
    },
    count: (slot: Slot, atMs: number) => {
      this.#of(slot).calls += 1
      this.#of(slot).ms = atMs
    },
    take: (slot: Slot) => {
      const { calls } = this.#of(slot)
      this.#of(slot).calls = 0
      return calls
    },
  }
}

function countsOf(counter: UsageCounter): Map<string, number> {
  const counts = new Map<string, number>()
  for (let batch = counter.take(); batch !== null; batch = counter.take()) {
    for (const { credentialId, outcome, scope, minute, calls } of batch.items) {
      const name = `${credentialId} ${outcome} ${scope} ${minute.toISOString()}`
      counts.set(name, (counts.get(name) ?? 0) + calls)
    }
    counter.delivered(batch)
  }
  return counts
}

test('counts in slots as the counter does by itself, whatever is evicted and whenever counts are taken', () => {
  const step = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        slot: fc.nat(3).map((n) => n as Slot),
        id: fc.nat(3),
        ask: fc.nat(3),
        no: fc.boolean(),
        ms: fc.nat(90_000),
      }),
    },
    { weight: 1, arbitrary: fc.constant('take' as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [plain, slotted] = [new UsageCounter(), new UsageCounter()]
      const cache = new FakeCache()
      const bySlot = new UsageBySlot(slotted, cache)
      for (const step of steps) {
        if (step === 'take') {
          assert.deepEqual(countsOf(slotted), countsOf(plain))
          continue
        }
        const { slot, no, ms } = step
        const id = cache.put(slot, step.id)
        const ask = asks[step.ask] as Ask
        const outcome = no ? 'revoked' : 'accepted'
        plain.note(`sec_${id}`, outcome, ask.scopes, null, null, NOW + ms)
        bySlot.note(slot, outcome, ask, null, NOW + ms)
      }
      assert.deepEqual(countsOf(slotted), countsOf(plain))
    }),
    { numRuns: 500 },
  )
})

test('calls of one credential from more addresses than are kept apart all count', () => {
  const counter = new UsageCounter()
  const cache = new FakeCache()
  const bySlot = new UsageBySlot(counter, cache)
  const slot = 0 as Slot
  cache.put(slot, 1)
  const ask = asks[0] as Ask
  for (let at = 0; at < 25_000; at++)
    bySlot.note(slot, 'accepted', { ...ask, clientIp: `10.0.${at >> 8}.${at & 255}` }, null, NOW + at)
  const batch = counter.take()
  assert.equal(
    batch?.items.reduce((sum, { calls }) => sum + calls, 0),
    25_000,
  )
  assert.equal(batch?.items[0]?.lastIp, '10.0.97.167')
})
