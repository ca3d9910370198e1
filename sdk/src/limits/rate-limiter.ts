import type { LimitHolder, LimitState, RateLimit, RecordLimits } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'

/** The units that one holder took of one rate limit in its window. */
export interface Counter {
  /** `key_…/burst/60`: a new window starts a new count, a new number does not. */
  readonly id: string
  readonly of: LimitHolder
  readonly rateLimit: RateLimit
}

/** The state of a counter after a call, or at the call that it refused. */
export interface Count {
  /** Units taken in this window. */
  readonly used: number
  /** Time until the window ends, in ms. */
  readonly resetMs: number
}

export interface Taken {
  readonly granted: boolean
  /** In the order of the counters; undefined for one that was not checked. */
  readonly counts: readonly (Count | undefined)[]
  /** On the limiter's own clock: identifies the windows that the units came from. */
  readonly takenAtMs?: number | undefined
}

/**
 * Counts calls in fixed windows. A window starts with its first call: around its end, up to twice the limit can pass in
 * one window's time, never more.
 */
export interface RateLimiter {
  /**
   * Takes `cost` units of all counters, or of none. Answers at once where it counts locally. Rejects with a
   * SourceUnavailableError where it cannot count and is configured to refuse then.
   */
  take(counters: readonly Counter[], cost: number): Taken | Promise<Taken>
  /**
   * Gives back the units of a call that was refused for another reason: to the windows of `taken` while they run, without
   * `taken` to the current windows.
   */
  giveBack(counters: readonly Counter[], cost: number, taken?: Taken): void
}

/** Returns the counters of a credential. */
export function countersOf({ keyId, ownerId }: CredentialRecord, { key, owner }: RecordLimits): Counter[] {
  return [
    ...countersFor('key', keyId ?? '', key.rateLimits),
    ...countersFor('owner', ownerId, owner.rateLimits),
  ]
}

function countersFor(of: LimitHolder, holderId: string, rateLimits: readonly RateLimit[]): Counter[] {
  return rateLimits.map((rateLimit) => ({
    id: `${holderId}/${rateLimit.name}/${rateLimit.windowSeconds}`,
    of,
    rateLimit,
  }))
}

export function hasRoom({ rateLimit }: Counter, used: number, cost: number): boolean {
  return used + cost <= rateLimit.limit
}

export function rateLimitState({ of, rateLimit }: Counter, { used, resetMs }: Count): LimitState {
  const { name, limit, windowSeconds } = rateLimit
  return {
    kind: 'rate_limit',
    of,
    name,
    limit,
    windowSeconds,
    remaining: Math.max(0, limit - used),
    // Rounded first: the difference of two clock readings can be a window and a billionth of a millisecond.
    resetSeconds: Math.max(1, Math.ceil(Math.round(resetMs) / 1000)),
  }
}
