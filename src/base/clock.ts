import { momentAt } from './moment.ts'

/** The source of "now". Handed in, so that a test can turn it; read once per request. */
export interface Clock {
  now(): Date
  /** The same in ms since the epoch, for callers so frequent that creating a Date is measurable. */
  nowMs(): number
  /** Monotonic milliseconds, for durations: they do not jump when the wall clock is set. */
  steadyMs(): number
}

export const systemClock: Clock = {
  now: () => new Date(),
  nowMs: () => Date.now(),
  steadyMs: () => performance.now(),
}

/** A moment some seconds after another, or before it if negative, within the years that moments can have. */
export function addSeconds(at: Date, seconds: number): Date {
  return momentAt(at.getTime() + seconds * 1000)
}

/** The earlier of two moments; null means never. */
export function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b
  return a < b ? a : b
}
