import type { Clock } from '../src/base/clock.ts'

/** A clock that tests set instead of sleeping. */
export interface TestClock extends Clock {
  advance(by: { days?: number; hours?: number; seconds?: number; ms?: number }): void
}

export function testClock(start = '2030-01-01T00:00:00.000Z'): TestClock {
  const startMs = Date.parse(start)
  let nowMs = startMs
  return {
    now: () => new Date(nowMs),
    nowMs: () => nowMs,
    steadyMs: () => nowMs - startMs,
    advance: ({ days = 0, hours = 0, seconds = 0, ms = 0 }) => {
      nowMs += ((days * 24 + hours) * 3600 + seconds) * 1000 + ms
    },
  }
}
