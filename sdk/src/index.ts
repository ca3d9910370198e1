// For API owners: everything besides the adapters in `/fastify`, `/express`, `/hono` and `/fetch`.
import './runtime.ts'

export { type ParsedCredential, parseCredential } from './credential/credential.ts'
export type { CredentialKind } from './credential/credential-format.ts'
export { Secret } from './credential/secret.ts'
export { type Admission, createGuard, type Guard, type GuardHealth, type Incoming } from './guard/guard.ts'
export type { GuardOptions, RefusedAt } from './guard/guard-options.ts'
export type { Answer } from './guard/problem.ts'
export { type HttpSource, type HttpSourceOptions, httpSource } from './source/http-source.ts'
export {
  type OwnKeyRotation,
  type RotateOwnKeyOptions,
  RotationRefusedError,
  rotateOwnKey,
} from './source/rotate-own-key.ts'
export { BatchRefusedError, type CredentialSource, SourceUnavailableError } from './source/source.ts'
export { UsageCounter } from './source/usage.ts'
export type { UsageBatch } from './source/usage-batch.ts'
export { explainRefusal } from './verdict/explain.ts'
export type { Ask, Verdict } from './verdict/judge.ts'
export type { AccessTokenPrincipal, ApiKeyPrincipal, CredentialRecord, Principal } from './verdict/record.ts'
export type { PresentationFault, Refusal } from './verdict/refusal.ts'
export { flushEvery } from './verifier/flush.ts'
export { type CallFacts, createVerifier, type Verifier, type VerifierOptions } from './verifier/verifier.ts'
