import { momentAt } from './moment.ts'

/** Where "now" comes from. Handed in, so that a test can turn it; asked once per request. */
export interface Clock {
  now(): Date
  /** The same in ms since the epoch, for what is asked so often that making a Date tells. */
  nowMs(): number
  /** Milliseconds on a clock that only goes forward, whatever is done to the other; for how long ago something was. */
  steadyMs(): number
}

export const systemClock: Clock = {
  now: () => new Date(),
  nowMs: () => Date.now(),
  steadyMs: () => performance.now(),
}

/** A moment some seconds after another (before it, where negative), as far as moments can be kept. */
export function addSeconds(at: Date, seconds: number): Date {
  return momentAt(at.getTime() + seconds * 1000)
}

/** The earlier of two moments, where null means "never". */
export function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}
