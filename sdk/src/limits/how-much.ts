import type { CredentialSource } from '../source/source.ts'
import type { QuotaCount } from '../verdict/limits.ts'
import { isCost, type LimitState, type RecordLimits } from '../verdict/limits.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import type { Refusal } from '../verdict/refusal.ts'
import { Quotas, quotaState } from './quotas.ts'
import {
  type Counter,
  countersOf,
  hasRoom,
  type RateLimiter,
  rateLimitState,
  type Taken,
} from './rate-limiter.ts'

/** The result of counting a call in its credential's limits. */
export interface Measure {
  /** Null: within all limits, and counted in all. Otherwise it was counted in none. */
  readonly refusal: Extract<Refusal, { reason: 'rate_limited' | 'quota_exceeded' }> | null
  readonly limits: readonly LimitState[]
  /**
   * Makes the counted units available again.
   *
   * @param nowMs milliseconds since the epoch
   */
  readonly giveBack?: (nowMs: number) => void
}

/**
 * The last step of a verdict: rate limits first, then quotas, so that a call that is rate limited spends nothing. Where a
 * quota refuses, the units of the rate limits are given back.
 */
export function createMeasure(limiter: RateLimiter, source: CredentialSource) {
  const quotas = new Quotas(source)

  const spend = async (
    record: CredentialRecord,
    rates: Rates,
    cost: number,
    nowMs: number,
  ): Promise<Measure> => {
    const limits = statesOf(rates)
    try {
      const answer = await quotas.spend(record, cost, nowMs)
      const { granted, quotas: counts } = answer
      const states = counts.map((count) => quotaState(count, nowMs))
      limits.push(...states)
      if (granted) {
        const giveBack = (laterMs: number) => {
          limiter.giveBack(rates.counters, cost, rates.taken)
          void quotas.giveBack(record, cost, answer, laterMs)
        }
        return { refusal: null, limits, giveBack }
      }
      const full = states.filter((_, at) => isSpent(counts[at], cost))
      const refusal = { reason: 'quota_exceeded', ...latestOf(full.length > 0 ? full : states) } as const
      limiter.giveBack(rates.counters, cost, rates.taken)
      return { refusal, limits }
    } catch (error) {
      limiter.giveBack(rates.counters, cost, rates.taken)
      throw error
    }
  }

  const measure = (
    record: CredentialRecord,
    limits: RecordLimits,
    cost: number,
    nowMs: number,
  ): Measure | Promise<Measure> => {
    if (!isCost(cost)) throw new RangeError('cost must be a whole number from 0 to 1000000')
    const counters = countersOf(record, limits)
    const hasQuota = limits.key.quota !== null || limits.owner.quota !== null
    const settle = (taken: Taken): Measure | Promise<Measure> => {
      const rates = { counters, taken }
      if (!taken.granted) return tooFast(rates, cost)
      if (hasQuota) return spend(record, rates, cost, nowMs)
      const giveBack = () => limiter.giveBack(counters, cost, taken)
      return { refusal: null, limits: statesOf(rates), giveBack }
    }
    const taken = limiter.take(counters, cost)
    return taken instanceof Promise ? taken.then(settle) : settle(taken)
  }

  /**
   * Turns exceptions into rejections, since the caller may not be an async function. Rejects with a RangeError for an
   * invalid cost: a negative one would give units back.
   *
   * @param nowMs milliseconds since the epoch
   */
  return (...asked: Parameters<typeof measure>): Measure | Promise<Measure> => {
    try {
      return measure(...asked)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

interface Rates {
  readonly counters: readonly Counter[]
  readonly taken: Taken
}

function statesOf({ counters, taken: { counts } }: Rates): LimitState[] {
  return counters.flatMap((counter, at) => {
    const count = counts[at]
    return count === undefined ? [] : [rateLimitState(counter, count)]
  })
}

/** A limiter that refuses from memory may know some counts only, so each stays beside its limit. */
function tooFast({ counters, taken: { counts } }: Rates, cost: number): Measure {
  const seen = counters.map((counter, at) => {
    const count = counts[at]
    const unseen = { used: 0, resetMs: counter.rateLimit.windowSeconds * 1000 }
    return {
      isKnown: count !== undefined,
      isFull: !hasRoom(counter, count?.used ?? 0, cost),
      state: rateLimitState(counter, count ?? unseen),
    }
  })
  const full = seen.filter(({ isFull }) => isFull)
  const refusing = full.length > 0 ? full : seen
  return {
    refusal: { reason: 'rate_limited', ...latestOf(refusing.map(({ state }) => state)) },
    limits: seen.flatMap((each) => (each.isKnown || refusing.includes(each) ? [each.state] : [])),
  }
}

function isSpent(count: QuotaCount | undefined, cost: number): boolean {
  return count !== undefined && count.spent + cost > count.limit
}

/** Returns the limit that refuses the longest. */
function latestOf(full: readonly LimitState[]) {
  const [limit] = full.toSorted((a, b) => b.resetSeconds - a.resetSeconds)
  if (limit === undefined) throw new Error('a call was refused by no limit')
  return { retryAfterSeconds: limit.resetSeconds, limit }
}
