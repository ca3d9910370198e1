// What API owners use by itself, beside the adapters in `/fastify`, `/express`, `/hono` and `/fetch`.
import './runtime.ts'

export {
  type CredentialKind,
  type ParsedCredential,
  parseCredential,
  Secret,
} from './credential/credential.ts'
export type { Answer } from './guard/challenge.ts'
export { type Admission, type Door, type DoorHealth, type Incoming, openDoor } from './guard/guard.ts'
export type { DoorOptions, RefusedAt } from './guard/guard-options.ts'
export { type HttpSource, type HttpSourceOptions, httpSource } from './source/http-source.ts'
export { BatchRefusedError, type CredentialSource, SourceUnavailableError } from './source/source.ts'
export { type UsageBatch, UsageCounter } from './source/usage.ts'
export { explainRefusal } from './verdict/explain.ts'
export type { Ask, Verdict } from './verdict/judge.ts'
export type { CredentialRecord, Principal } from './verdict/record.ts'
export type { PresentationFault, Refusal } from './verdict/refusal.ts'
export { flushEvery } from './verifier/flush.ts'
export { type CallFacts, createVerifier, type Verifier, type VerifierOptions } from './verifier/verifier.ts'
