import { isCost, type LimitState, type RecordLimits } from './limits.ts'
import { Quotas, quotaState } from './quotas.ts'
import {
  type Counter,
  countersOf,
  hasRoom,
  type RateLimiter,
  rateLimitState,
  type Taken,
} from './rate-limiter.ts'
import type { CredentialRecord } from './record.ts'
import type { Refusal } from './refusal.ts'
import type { CredentialSource } from './source.ts'

/** How a call stands with the limits of its credential. */
export interface Measure {
  /** Null: within all of them, and counted in all. Else it was counted in none. */
  readonly refusal: Extract<Refusal, { reason: 'rate_limited' | 'quota_exceeded' }> | null
  readonly limits: readonly LimitState[]
}

/**
 * The last question: is it within its limits? Rate limits first, then quotas, so that a call that comes too fast spends
 * nothing; and where a quota refuses, the rate limits get back what they gave.
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
      const { granted, quotas: counts } = await quotas.spend(record, cost, nowMs)
      const states = counts.map((count) => quotaState(count, nowMs))
      limits.push(...states)
      if (granted) return { refusal: null, limits }
      limiter.giveBack(rates.counters, cost)
      const full = counts.flatMap(({ spent, limit }, at) => (spent + cost > limit ? (states[at] ?? []) : []))
      return { refusal: { reason: 'quota_exceeded', ...latestOf(full) }, limits }
    } catch (error) {
      limiter.giveBack(rates.counters, cost)
      throw error
    }
  }

  /**
   * @param nowMs milliseconds since the epoch
   * @throws RangeError for what is no cost; a negative one would give units back
   */
  return (record: CredentialRecord, limits: RecordLimits, cost: number, nowMs: number) => {
    if (!isCost(cost)) throw new RangeError('cost must be a whole number from 0 to 1000000')
    const counters = countersOf(record, limits)
    const hasQuota = limits.key.quota !== null || limits.owner.quota !== null
    const settle = (taken: Taken): Measure | Promise<Measure> => {
      const rates = { counters, taken }
      if (!taken.granted) return tooFast(rates, cost)
      return hasQuota ? spend(record, rates, cost, nowMs) : { refusal: null, limits: statesOf(rates) }
    }
    const taken = limiter.take(counters, cost)
    return taken instanceof Promise ? taken.then(settle) : settle(taken)
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

function tooFast(rates: Rates, cost: number): Measure {
  const limits = statesOf(rates)
  const full = rates.counters.flatMap((counter, at) =>
    hasRoom(counter, rates.taken.counts[at]?.used ?? 0, cost) ? [] : (limits[at] ?? []),
  )
  return { refusal: { reason: 'rate_limited', ...latestOf(full) }, limits }
}

/** Of the limits that refuse, the one that does so the longest. */
function latestOf(full: readonly LimitState[]) {
  const [limit] = full.toSorted((a, b) => b.resetSeconds - a.resetSeconds)
  if (limit === undefined) throw new Error('a call was refused by no limit')
  return { retryAfterSeconds: limit.resetSeconds, limit }
}
