/** A rate limit: `limit` units in a window, which refills by itself. */
export interface RateLimit {
  /** `burst`: unique among the limits of its holder. */
  readonly name: string
  /** Units in one window, at least 1. To stop a key, disable it. */
  readonly limit: number
  readonly windowSeconds: number
}

/** Units that may be spent in a calendar period in UTC. A limit of 0 allows nothing; null in its place means no quota. */
export interface Quota {
  readonly limit: number
  readonly period: QuotaPeriod
}

export const QUOTA_PERIODS = ['day', 'month'] as const
export type QuotaPeriod = (typeof QUOTA_PERIODS)[number]

/** The limits of one key, or of all keys of an owner together. */
export interface Limits {
  readonly rateLimits: readonly RateLimit[]
  readonly quota: Quota | null
}

/** The limits of a credential: those of its key, and those shared by all keys of its owner. */
export interface RecordLimits {
  readonly key: Limits
  readonly owner: Limits
}

/** The holder of a limit. */
export type LimitHolder = keyof RecordLimits

export const NO_LIMITS: Limits = { rateLimits: [], quota: null }

/** Rate limits of one holder. */
export const MAX_RATE_LIMITS = 5
export const RATE_LIMIT_NAME = '^[a-z][a-z0-9_-]{0,31}$'
export const MAX_RATE_LIMIT = 1_000_000_000
/** A day; use a quota for longer periods. */
export const MAX_WINDOW_SECONDS = 86_400
export const MAX_QUOTA = 1_000_000_000_000
/** Units that one call may take. */
export const MAX_COST = 1_000_000

/** Returns why these cannot be the rate limits of one holder; null where they can. */
export function whyNotRateLimits(rateLimits: readonly RateLimit[]): string | null {
  if (rateLimits.length > MAX_RATE_LIMITS) return `there are more than ${MAX_RATE_LIMITS}`
  const names = new Set<string>()
  for (const { name, limit, windowSeconds } of rateLimits) {
    if (!new RegExp(RATE_LIMIT_NAME).test(name))
      return `${JSON.stringify(name.slice(0, 60))} is not a valid name`
    if (names.has(name)) return `two have the name ${name}`
    names.add(name)
    if (!isWhole(limit, 1, MAX_RATE_LIMIT)) return `the limit of ${name} is not from 1 to ${MAX_RATE_LIMIT}`
    if (!isWhole(windowSeconds, 1, MAX_WINDOW_SECONDS))
      return `the window of ${name} is not from 1 to ${MAX_WINDOW_SECONDS} seconds`
  }
  return null
}

/** Returns why this cannot be a quota; null where it can. */
export function whyNotQuota({ limit, period }: Quota): string | null {
  if (!QUOTA_PERIODS.includes(period)) return 'the period is not day or month'
  return isWhole(limit, 0, MAX_QUOTA) ? null : `the limit is not from 0 to ${MAX_QUOTA}`
}

export function isCost(value: number): boolean {
  return isWhole(value, 0, MAX_COST)
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

/** Returns the start of the period of a time, and of the next one. Days and months are in UTC. */
export function periodAt(period: QuotaPeriod, at: Date): { start: Date; end: Date } {
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()]
  return period === 'day'
    ? { start: new Date(Date.UTC(year, month, day)), end: new Date(Date.UTC(year, month, day + 1)) }
    : { start: new Date(Date.UTC(year, month)), end: new Date(Date.UTC(year, month + 1)) }
}

/** The state of one limit after a call, or at the call that it refused. */
export interface LimitState {
  readonly kind: 'rate_limit' | 'quota'
  readonly of: LimitHolder
  /** The rate limit's name; the quota's period. */
  readonly name: string
  readonly limit: number
  /** For a month, its own length. */
  readonly windowSeconds: number
  readonly remaining: number
  /** Whole seconds until all units are available again, rounded up. */
  readonly resetSeconds: number
}

/** A spend of units of a credential's quotas. */
export interface QuotaSpend {
  readonly credentialId: string
  readonly cost: number
  /** Gives units of a refused call back, in the same period only. */
  readonly givesBack?: boolean | undefined
}

/** The state of a quota. */
export interface QuotaCount {
  readonly of: LimitHolder
  readonly period: QuotaPeriod
  readonly limit: number
  readonly spent: number
  /** The start of the next period. */
  readonly endsAt: Date
}

export interface QuotaAnswer {
  /** True where all quotas were spent; otherwise none was. */
  readonly granted: boolean
  readonly quotas: readonly QuotaCount[]
}
