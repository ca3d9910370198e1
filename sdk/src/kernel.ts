// For the Doorward server: one implementation of "is this allowed", shared with the SDK.
import './runtime.ts'

export {
  credentialFrom,
  hashCredential,
  isWellFormed,
  mintCredential,
  parseCredential,
} from './credential/credential.ts'
export type { CredentialKind, CredentialPlace } from './credential/credential-format.ts'
export { credentialsIn, withoutCredentials, withoutSecretShapes } from './credential/credentials-in-text.ts'
export { digestCredential, digestOfHex } from './credential/digest.ts'
export { Secret } from './credential/secret.ts'
export { answerTo, answerUnavailable, FOUND } from './guard/challenge.ts'
export { addressOfHop, clientIp } from './guard/client-ip.ts'
export { fromNodeRequest } from './guard/node-request.ts'
export { type Presentation, readCredential } from './guard/presented.ts'
export { type Answer, problemAnswer, problemBody } from './guard/problem.ts'
export { lengthsOf, nameAt } from './guard/raw-headers.ts'
export { MAX_SPENDS } from './limits/quotas.ts'
export type { RateLimiter } from './limits/rate-limiter.ts'
// The pure rules are part of it: one list of them.
export * from './rules.ts'
export type { Change, ChangedHolders, ChangesListener, Following } from './source/changes.ts'
export { type CredentialSource, SourceUnavailableError } from './source/source.ts'
export { UsageCounter } from './source/usage.ts'
export type { Exposure, UsageBatch } from './source/usage-batch.ts'
export { warnSparingly } from './source/warn.ts'
export { type IpRanges, normalizeIp, parseIpRanges, readIpRanges } from './verdict/ip-ranges.ts'
export { judge, type Verdict } from './verdict/judge.ts'
export type { QuotaAnswer, QuotaCount, QuotaSpend } from './verdict/limits.ts'
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
} from './verdict/limits.wire.ts'
export type { CredentialRecord, Principal } from './verdict/record.ts'
export { recordToWire } from './verdict/record.wire.ts'
export { canonicalResource } from './verdict/resource.ts'
export { flushEvery } from './verifier/flush.ts'
export { Lookups } from './verifier/lookups.ts'
export { createVerifier, type Verifier } from './verifier/verifier.ts'
