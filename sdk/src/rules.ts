// Pure rules, without a `node:` import: the server's nouns and a dashboard in a browser apply the same ones.

export { hintOf, isBrand, isEnvironmentName } from './credential/credential-format.ts'
export { explainRefusal } from './verdict/explain.ts'
export { type Deadlines, endedBy, type Lifetime, pastItsEnd } from './verdict/lifetime.ts'
export {
  isCost,
  type LimitHolder,
  type LimitState,
  type Limits,
  MAX_COST,
  MAX_QUOTA,
  MAX_RATE_LIMIT,
  MAX_RATE_LIMITS,
  MAX_WINDOW_SECONDS,
  NO_LIMITS,
  periodAt,
  QUOTA_PERIODS,
  type Quota,
  type QuotaPeriod,
  RATE_LIMIT_NAME,
  type RateLimit,
  type RecordLimits,
  whyNotQuota,
  whyNotRateLimits,
} from './verdict/limits.ts'
export { rateLimitFields } from './verdict/rate-limit-fields.ts'
export type { Ended, FoundAs, PresentationFault, Refusal } from './verdict/refusal.ts'
export { expandScopes, nearestName, parseScope, type Scope } from './verdict/scope.ts'
