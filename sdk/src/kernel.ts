// What the Doorward server itself builds on. One implementation of "is this allowed", here and there.
export { type Answer, answerTo, answerUnavailable } from './challenge.ts'
export type { Change, ChangesListener, Following } from './changes.ts'
export { clientIp } from './client-ip.ts'
export {
  type CredentialKind,
  digestCredential,
  digestOfHex,
  hashCredential,
  isBrand,
  isEnvironmentName,
  isWellFormed,
  mintCredential,
  parseCredential,
  Secret,
} from './credential.ts'
export { explainRefusal } from './explain.ts'
export { flushEvery } from './flush.ts'
export { type IpRanges, normalizeIp, parseIpRanges } from './ip-ranges.ts'
export type { Verdict } from './judge.ts'
export { endedBy, type Lifetime } from './lifetime.ts'
export { Lookups } from './lookups.ts'
export { fromNodeRequest } from './node-request.ts'
export { type Presentation, readCredential } from './presented.ts'
export type { CredentialRecord, Principal } from './record.ts'
export { recordToWire } from './record.wire.ts'
export { expandScopes, nearestName } from './scope.ts'
export { type CredentialSource, SourceUnavailableError } from './source.ts'
export { type Exposure, type UsageBatch, UsageCounter } from './usage.ts'
export { createVerifier, type Verifier } from './verifier.ts'
