import type { LimitHolder, LimitState, RateLimit, RecordLimits } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'

/** What a rate limit counts: the units that one holder took in one window. */
export interface Counter {
  /** `key_…/burst/60`: a limit with another window is counted anew, one with another number is not. */
  readonly id: string
  readonly of: LimitHolder
  readonly rateLimit: RateLimit
}

/** How a counter stands after a call, or at the call that it refused. */
export interface Count {
  /** Units taken in this window. */
  readonly used: number
  /** Until the window ends, in ms. */
  readonly resetMs: number
}

export interface Taken {
  readonly granted: boolean
  /** In the order of the counters; undefined for one that was not looked at. */
  readonly counts: readonly (Count | undefined)[]
  /** On the clock of the limiter that counted: tells it which windows the units came from. */
  readonly takenAtMs?: number | undefined
}

/**
 * Counts calls in windows. A window begins with the first call in it and ends after its seconds: around its end, up to
 * twice the limit can come in one window's time, and never more.
 */
export interface RateLimiter {
  /**
   * Takes `cost` units of all counters, or of none. At once where nobody must be asked. Rejects with a
   * SourceUnavailableError where it cannot count and was told to refuse then.
   */
  take(counters: readonly Counter[], cost: number): Taken | Promise<Taken>
  /**
   * Gives back what was taken for a call that was refused for another reason, to the windows of the answer `taken` as
   * long as they run; without `taken`, to the windows that run now.
   */
  giveBack(counters: readonly Counter[], cost: number, taken?: Taken): void
}

/** What a call with this credential counts in. */
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
    // Rounded first: the difference of two readings of a clock can be a window and a billionth of a millisecond.
    resetSeconds: Math.max(1, Math.ceil(Math.round(resetMs) / 1000)),
  }
}
