import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { NOW } from '../source/record.fixture.ts'
import { UsageCounter } from '../source/usage.ts'
import type { Ask } from '../verdict/judge.ts'
import { type CountingPlaces, UsageByPlace } from './usage-by-place.ts'

const asks: Ask[] = [['orders:read'], ['orders:read'], ['orders:write'], []].map((scopes) => ({
  scopes,
  environment: 'live',
  clientIp: null,
}))

/** As a cache would: who comes to a place has another leave. */
class Places implements CountingPlaces {
  readonly #at = new Map<number, { id: number; mark: number; calls: number; ms: number }>()
  leaving: CountingPlaces['leaving'] = null

  put(place: number, id: number): number {
    const there = this.#at.get(place)
    if (there?.id === id) return id
    if (there !== undefined) this.leaving?.one(place)
    this.#at.set(place, { id, mark: 0, calls: 0, ms: 0 })
    return id
  }

  #of(place: number) {
    const there = this.#at.get(place)
    if (there === undefined) throw new Error('nobody is there')
    return there
  }

  credentialIdAt = (place: number) => `sec_${this.#of(place).id}`
  markAt = (place: number) => this.#of(place).mark
  countedAt = (place: number) => this.#of(place).ms
  setMark(place: number, mark: number): void {
    this.#of(place).mark = mark
  }
  count(place: number, atMs: number): void {
    this.#of(place).calls += 1
    this.#of(place).ms = atMs
  }
  takeCount(place: number): number {
    const { calls } = this.#of(place)
    this.#of(place).calls = 0
    return calls
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

test('whatever stands at a place, and whenever counts are taken, it counts as the counter does by itself', () => {
  const step = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        place: fc.nat(3),
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
      const [plain, placed] = [new UsageCounter(), new UsageCounter()]
      const places = new Places()
      const byPlace = new UsageByPlace(placed, places)
      for (const step of steps) {
        if (step === 'take') {
          assert.deepEqual(countsOf(placed), countsOf(plain))
          continue
        }
        const { place, no, ms } = step
        const id = places.put(place, step.id)
        const ask = asks[step.ask] as Ask
        const outcome = no ? 'revoked' : 'accepted'
        plain.note(`sec_${id}`, outcome, ask.scopes, null, null, NOW + ms)
        byPlace.note(place, outcome, ask, null, NOW + ms)
      }
      assert.deepEqual(countsOf(placed), countsOf(plain))
    }),
    { numRuns: 500 },
  )
})

test('calls of one credential from more addresses than are kept apart all count', () => {
  const counter = new UsageCounter()
  const places = new Places()
  const byPlace = new UsageByPlace(counter, places)
  places.put(0, 1)
  const ask = asks[0] as Ask
  for (let at = 0; at < 25_000; at++)
    byPlace.note(0, 'accepted', { ...ask, clientIp: `10.0.${at >> 8}.${at & 255}` }, null, NOW + at)
  const batch = counter.take()
  assert.equal(
    batch?.items.reduce((sum, { calls }) => sum + calls, 0),
    25_000,
  )
  assert.equal(batch?.items[0]?.lastIp, '10.0.97.167')
})
