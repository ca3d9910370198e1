import {
  limitsToWire,
  MAX_QUOTA,
  MAX_RATE_LIMIT,
  MAX_RATE_LIMITS,
  MAX_WINDOW_SECONDS,
  QUOTA_PERIODS,
  RATE_LIMIT_NAME,
} from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import { Moment, nullable, oneOf, strictObject } from '../http/wire.ts'
import type { ChosenLimits } from './check-limits.ts'

/** Limits of a key or of an owner: the same fields for both. */
const RateLimits = Type.Array(
  strictObject({
    name: Type.String({ pattern: RATE_LIMIT_NAME, description: 'Shown to callers' }),
    limit: Type.Integer({ minimum: 1, maximum: MAX_RATE_LIMIT, description: 'Units in one window' }),
    window_seconds: Type.Integer({ minimum: 1, maximum: MAX_WINDOW_SECONDS }),
  }),
  { maxItems: MAX_RATE_LIMITS, description: 'All apply at once; names are unique. Empty: no rate limit' },
)
const QuotaField = nullable(
  strictObject(
    {
      limit: Type.Integer({ minimum: 0, maximum: MAX_QUOTA, description: '0: nothing is allowed' }),
      period: oneOf(QUOTA_PERIODS),
    },
    'Units in a calendar period in UTC. null: no quota',
  ),
)

/** Units of a quota that are spent in its current period. */
export const QuotaCountWire = Type.Object({
  of: oneOf(['key', 'owner']),
  period: oneOf(QUOTA_PERIODS),
  limit: Type.Integer(),
  spent: Type.Integer(),
  ends_at: Moment,
})

/** Fields of an answer. */
export const LimitFields = { rate_limits: RateLimits, quota: QuotaField }

/** Fields of a request. In a change, a missing field stays as it was. */
export const AskedLimitFields = {
  rate_limits: Type.Optional(RateLimits),
  quota: Type.Optional(QuotaField),
}

export function fromLimitFields(body: {
  rate_limits?: Static<typeof RateLimits>
  quota?: Static<typeof QuotaField>
}): ChosenLimits {
  return {
    rateLimits: body.rate_limits?.map(({ name, limit, window_seconds: windowSeconds }) => ({
      name,
      limit,
      windowSeconds,
    })),
    quota: body.quota,
  }
}

/** Columns of the tables; only the chosen ones. */
export function toLimitColumns({ rateLimits, quota }: ChosenLimits) {
  const wire = limitsToWire({ rateLimits: rateLimits ?? [], quota: quota ?? null })
  return {
    ...(rateLimits === undefined ? {} : { rate_limits: JSON.stringify(wire.rate_limits) }),
    ...(quota === undefined ? {} : { quota: quota === null ? null : JSON.stringify(wire.quota) }),
  }
}

/** The chosen limits, for the audit log. */
export function limitsForAudit({ rateLimits, quota }: ChosenLimits) {
  const wire = limitsToWire({ rateLimits: rateLimits ?? [], quota: quota ?? null })
  return {
    ...(rateLimits === undefined ? {} : { rate_limits: wire.rate_limits }),
    ...(quota === undefined ? {} : { quota: wire.quota }),
  }
}
