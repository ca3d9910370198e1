import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Ask } from './judge.ts'
import { NOW } from './record.fixture.ts'
import { UsageCounter } from './usage.ts'
import { UsageByPlace } from './usage-by-place.ts'

const asks: Ask[] = [['orders:read'], ['orders:read'], ['orders:write'], []].map((scopes) => ({
  scopes,
  environment: 'live',
  clientIp: null,
}))

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
        place: fc.integer({ min: -2, max: 3 }),
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
      const marks = new Map<number, number>()
      const byPlace = new UsageByPlace(placed, {
        markAt: (place) => marks.get(place) ?? 0,
        setMark: (place, mark) => marks.set(place, mark),
      })
      for (const step of steps) {
        if (step === 'take') {
          assert.deepEqual(countsOf(placed), countsOf(plain))
          continue
        }
        const { place, id, no, ms } = step
        const ask = asks[step.ask] as Ask
        const credentialId = id === 0 ? null : `sec_${id}`
        const outcome = no ? 'revoked' : 'accepted'
        plain.note(credentialId, outcome, ask.scopes, null, null, NOW + ms)
        byPlace.note(place, credentialId, outcome, ask, null, NOW + ms)
      }
      assert.deepEqual(countsOf(placed), countsOf(plain))
    }),
    { numRuns: 500 },
  )
})
