import { momentFromWire } from '../credential/moment.wire.ts'
import type {
  LimitState,
  Limits,
  Quota,
  QuotaAnswer,
  QuotaCount,
  QuotaPeriod,
  RateLimit,
  RecordLimits,
} from './limits.ts'
import { NO_LIMITS, QUOTA_PERIODS, whyNotQuota, whyNotRateLimits } from './limits.ts'

/** Limits as JSON, on the wire and in the database: snake_case. */
export interface RateLimitWire {
  readonly name: string
  readonly limit: number
  readonly window_seconds: number
}

export interface QuotaWire {
  readonly limit: number
  readonly period: QuotaPeriod
}

export interface LimitsWire {
  readonly rate_limits: readonly RateLimitWire[]
  readonly quota: QuotaWire | null
}

export function limitsToWire({ rateLimits, quota }: Limits): LimitsWire {
  return {
    rate_limits: rateLimits.map(({ name, limit, windowSeconds }) => ({
      name,
      limit,
      window_seconds: windowSeconds,
    })),
    quota: quota === null ? null : { limit: quota.limit, period: quota.period },
  }
}

/** Reads JSON that was checked before it was stored or accepted. */
export function limitsOfWire({ rate_limits, quota }: LimitsWire): Limits {
  if (rate_limits.length === 0 && quota === null) return NO_LIMITS
  return {
    rateLimits: rate_limits.map(({ name, limit, window_seconds: windowSeconds }) => ({
      name,
      limit,
      windowSeconds,
    })),
    quota: quota === null ? null : { limit: quota.limit, period: quota.period },
  }
}

export interface RecordLimitsWire {
  readonly key: LimitsWire
  readonly owner: LimitsWire
}

export function recordLimitsToWire(limits: RecordLimits | null): RecordLimitsWire | null {
  return limits === null ? null : { key: limitsToWire(limits.key), owner: limitsToWire(limits.owner) }
}

/**
 * Reads untrusted JSON. A limit that cannot be read must not be ignored.
 *
 * @throws TypeError that names the field, and never shows its value
 */
export function recordLimitsFromWire(value: unknown, name: string): RecordLimits | null {
  if (value === null) return null
  const { key, owner, ...more } = objectOf(value, name)
  noneOf(more, name)
  return { key: limitsFromWire(key, `${name}.key`), owner: limitsFromWire(owner, `${name}.owner`) }
}

function limitsFromWire(value: unknown, name: string): Limits {
  const { rate_limits: list, quota, ...more } = objectOf(value, name)
  noneOf(more, name)
  if (!Array.isArray(list)) throw new TypeError(`${name}.rate_limits is not a list`)
  const rateLimits = list.map((each) => rateLimitFromWire(each, `${name}.rate_limits`))
  const why = whyNotRateLimits(rateLimits)
  if (why !== null) throw new TypeError(`${name}.rate_limits cannot be meant`)
  return { rateLimits, quota: quota === null ? null : quotaFromWire(quota, `${name}.quota`) }
}

function rateLimitFromWire(value: unknown, name: string): RateLimit {
  const { name: text, limit, window_seconds: windowSeconds, ...more } = objectOf(value, name)
  noneOf(more, name)
  if (typeof text !== 'string' || typeof limit !== 'number' || typeof windowSeconds !== 'number')
    throw new TypeError(`${name} holds an entry that is not a rate limit`)
  return { name: text, limit, windowSeconds }
}

function quotaFromWire(value: unknown, name: string): Quota {
  const { limit, period, ...more } = objectOf(value, name)
  noneOf(more, name)
  if (typeof limit !== 'number' || typeof period !== 'string') throw new TypeError(`${name} is not a quota`)
  const quota = { limit, period: period as QuotaPeriod }
  if (whyNotQuota(quota) !== null) throw new TypeError(`${name} cannot be meant`)
  return quota
}

/** The state of a limit, as verdicts show it. */
export function limitStateToWire(state: LimitState) {
  return {
    kind: state.kind,
    of: state.of,
    name: state.name,
    limit: state.limit,
    window_seconds: state.windowSeconds,
    remaining: state.remaining,
    reset_seconds: state.resetSeconds,
  }
}

/** The answer to a spend, from the server to an SDK. */
export function quotaAnswerToWire({ granted, quotas }: QuotaAnswer) {
  return { granted, quotas: quotas.map(quotaCountToWire) }
}

export function quotaCountToWire({ of, period, limit, spent, endsAt }: QuotaCount) {
  return { of, period, limit, spent, ends_at: endsAt.toISOString() }
}

/** Reads the answer to a spend. @throws TypeError where it cannot be read: that is never a yes (fail closed) */
export function quotaAnswerFromWire(value: unknown): QuotaAnswer {
  const { granted, quotas } = objectOf(value, 'the answer')
  if (typeof granted !== 'boolean' || !Array.isArray(quotas))
    throw new TypeError('an answer about a quota is none')
  return { granted, quotas: quotas.map(quotaCountFromWire) }
}

function quotaCountFromWire(value: unknown): QuotaCount {
  const { of, period, limit, spent, ends_at: end } = objectOf(value, 'the quota')
  const endsAt = momentFromWire(end, 'quota.ends_at')
  if (
    (of !== 'key' && of !== 'owner') ||
    !QUOTA_PERIODS.includes(period as QuotaPeriod) ||
    !Number.isSafeInteger(limit) ||
    !Number.isSafeInteger(spent)
  )
    throw new TypeError('the state of a quota cannot be meant')
  return { of, period: period as QuotaPeriod, limit: limit as number, spent: spent as number, endsAt }
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new TypeError(`${name} is not an object`)
  return value as Record<string, unknown>
}

function noneOf(more: object, name: string): void {
  if (Object.keys(more).length > 0)
    throw new TypeError(`${name} has a field that is not known to this version of the SDK`)
}
