import { type Counter, hasRoom, type RateLimiter, type Taken } from './rate-limiter.ts'

interface Window {
  used: number
  readonly beganAtMs: number
  readonly endsAtMs: number
}

/** One that need not ask anybody. */
interface LocalLimiter extends RateLimiter {
  take(counters: readonly Counter[], cost: number): Taken
}

/** Counters kept at once, some 20 MB. Only keys that are good and have limits make any. */
const MAX_WINDOWS = 100_000

/**
 * Counts in this process alone, at once and without a timer. All limits of a call are looked at before any is counted
 * in, so that one that refuses leaves no trace in another.
 *
 * @param steady milliseconds on a clock that only goes forward
 */
export function memoryLimiter(steady: () => number = () => performance.now()): LocalLimiter {
  /** The oldest first. */
  const windows = new Map<string, Window>()

  const windowOf = ({ id, rateLimit }: Counter, nowMs: number): Window => {
    const known = windows.get(id)
    if (known !== undefined && nowMs < known.endsAtMs) return known
    windows.delete(id)
    const fresh = { used: 0, beganAtMs: nowMs, endsAtMs: nowMs + rateLimit.windowSeconds * 1000 }
    windows.set(id, fresh)
    return fresh
  }

  /** Windows that ended go with the round of the oldest; where all are running, the oldest begins anew. */
  const makeRoom = (nowMs: number): void => {
    if (windows.size <= MAX_WINDOWS) return
    for (const [id, { endsAtMs }] of windows) if (endsAtMs <= nowMs) windows.delete(id)
    for (const id of windows.keys()) {
      if (windows.size <= MAX_WINDOWS * 0.9) break
      windows.delete(id)
    }
  }

  return {
    take: (counters, cost): Taken => {
      const nowMs = steady()
      const found = counters.map((counter) => windowOf(counter, nowMs))
      const granted = counters.every((counter, at) => hasRoom(counter, found[at]?.used ?? 0, cost))
      if (granted) for (const window of found) window.used += cost
      makeRoom(nowMs)
      const counts = found.map(({ used, endsAtMs }) => ({ used, resetMs: endsAtMs - nowMs }))
      return { granted, counts, takenAtMs: nowMs }
    },
    giveBack: (counters, cost, { takenAtMs = Number.POSITIVE_INFINITY }: Partial<Taken> = {}) => {
      const nowMs = steady()
      for (const { id } of counters) {
        const window = windows.get(id)
        if (window === undefined || nowMs >= window.endsAtMs) continue
        // The units of a window that has ended are gone: a later one did not give them.
        if (window.beganAtMs <= takenAtMs) window.used = Math.max(0, window.used - cost)
      }
    },
  }
}
