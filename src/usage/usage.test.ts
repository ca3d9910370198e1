import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addSeconds } from '../base/clock.ts'
import { axisFor, GRAIN_SECONDS, GRAINS, MAX_POINTS, outdatedBefore } from './usage.ts'

const DAY = GRAIN_SECONDS.day
const now = new Date('2030-06-05T10:17:23.456Z')

describe('the axis of a chart', () => {
  const spans: [span: string, seconds: number, step: number][] = [
    ['an hour', 3600, 60],
    ['six hours', 6 * 3600, 300],
    ['a day', DAY, 900],
    ['a week', 7 * DAY, 3 * 3600],
    ['30 days', 30 * DAY, 12 * 3600],
    ['90 days', 90 * DAY, DAY],
    ['400 days', 400 * DAY, 7 * DAY],
  ]
  for (const [span, seconds, step] of spans)
    it(`has few points for ${span}`, () => {
      const axis = axisFor({ since: addSeconds(now, -seconds), until: now }, now)
      assert.deepEqual([axis.stepSeconds, axis.points <= MAX_POINTS], [step, true])
      assert.ok(axis.since <= addSeconds(now, -seconds) && axis.until >= now)
    })

  it('has the step of old counts where the range is short and old', () => {
    const ofDays = (days: number) =>
      axisFor({ since: addSeconds(now, -days * DAY), until: addSeconds(now, -days * DAY + 600) }, now)
    assert.deepEqual(
      [2, 29, 40].map((days) => ofDays(days).stepSeconds),
      [3600, 3600, DAY],
    )
  })

  it('never has too many points, covers its range, and splits no bucket that is kept', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 * DAY }),
        fc.integer({ min: 0, max: 399 * DAY }),
        fc.constantFrom(...GRAINS),
        (length, ago, finest) => {
          const until = addSeconds(now, -ago)
          const since = addSeconds(until, -Math.min(length, 400 * DAY - ago))
          if (since >= until) return
          const axis = axisFor({ since, until }, now, finest)
          assert.ok(axis.points >= 1 && axis.points <= MAX_POINTS)
          assert.ok(axis.since <= since && axis.until >= until)
          assert.ok(axis.stepSeconds >= GRAIN_SECONDS[finest])
          const kept = GRAINS.find((grain) => axis.since >= outdatedBefore(grain, now)) ?? 'day'
          assert.equal(axis.stepSeconds % GRAIN_SECONDS[kept], 0)
          assert.equal(axis.since.getTime() % (GRAIN_SECONDS[kept] * 1000), 0)
        },
      ),
    )
  })
})
