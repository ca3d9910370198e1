// What the Doorward server itself builds on. One implementation of "is this allowed", here and there.
import './runtime.ts'

export { type Answer, answerTo, answerUnavailable } from './challenge.ts'
export type { Change, ChangedHolders, ChangesListener, Following } from './changes.ts'
export { addressOfHop, clientIp } from './client-ip.ts'
export {
  type CredentialKind,
  type CredentialPlace,
  credentialFrom,
  hashCredential,
  isBrand,
  isEnvironmentName,
  isWellFormed,
  mintCredential,
  parseCredential,
  Secret,
} from './credential.ts'
export { credentialsIn, withoutCredentials, withoutSecretShapes } from './credentials-in-text.ts'
export { digestCredential, digestOfHex } from './digest.ts'
export { explainRefusal } from './explain.ts'
export { flushEvery } from './flush.ts'
export { type IpRanges, normalizeIp, parseIpRanges } from './ip-ranges.ts'
export { judge, type Verdict } from './judge.ts'
export { endedBy, type Lifetime } from './lifetime.ts'
export type { QuotaAnswer, QuotaCount, QuotaSpend } from './limits.ts'
export {
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
  RATE_LIMIT_NAME,
  type RateLimit,
  type RecordLimits,
  whyNotRateLimits,
} from './limits.ts'
export {
  type LimitsWire,
  limitStateToWire,
  limitsOfWire,
  limitsToWire,
  type QuotaWire,
  quotaAnswerToWire,
  quotaCountToWire,
  type RateLimitWire,
  type RecordLimitsWire,
} from './limits.wire.ts'
export { Lookups } from './lookups.ts'
export { fromNodeRequest } from './node-request.ts'
export { type Presentation, readCredential } from './presented.ts'
export { MAX_SPENDS } from './quotas.ts'
export { rateLimitFields } from './rate-limit-fields.ts'
export type { RateLimiter } from './rate-limiter.ts'
export { lengthsOf, nameAt } from './raw-headers.ts'
export type { CredentialRecord, Principal } from './record.ts'
export { recordToWire } from './record.wire.ts'
export type { Refusal } from './refusal.ts'
export { expandScopes, nearestName } from './scope.ts'
export { type CredentialSource, SourceUnavailableError } from './source.ts'
export { type Exposure, type UsageBatch, UsageCounter } from './usage.ts'
export { createVerifier, type Verifier } from './verifier.ts'
export { warnSparingly } from './warn.ts'
