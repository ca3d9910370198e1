import { type Counter, hasRoom, type RateLimiter, type Taken } from './rate-limiter.ts'

interface Window {
  used: number
  readonly beganAtMs: number
  readonly endsAtMs: number
}

/** A limiter that answers without a promise. */
interface LocalLimiter extends RateLimiter {
  take(counters: readonly Counter[], cost: number): Taken
}

/** Windows kept at once, some 20 MB. Only valid keys with limits make any. */
const MAX_WINDOWS = 100_000

/**
 * Counts rate limits in this process (fixed windows), at once and without a timer. All limits of a call are checked before
 * any is counted in, so that a refused call is counted nowhere.
 *
 * @param steady milliseconds on a monotonic clock
 */
export function memoryLimiter(steady: () => number = () => performance.now()): LocalLimiter {
  /** In the order of their creation. */
  const windows = new Map<string, Window>()

  const windowOf = ({ id, rateLimit }: Counter, nowMs: number): Window => {
    const known = windows.get(id)
    if (known !== undefined && nowMs < known.endsAtMs) return known
    windows.delete(id)
    const fresh = { used: 0, beganAtMs: nowMs, endsAtMs: nowMs + rateLimit.windowSeconds * 1000 }
    windows.set(id, fresh)
    return fresh
  }

  /** Drops the windows that have ended; where too many are running, the oldest too, which then start again. */
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
        // Units of a window that has ended are gone: they do not belong to a later one.
        if (window.beganAtMs <= takenAtMs) window.used = Math.max(0, window.used - cost)
      }
    },
  }
}
