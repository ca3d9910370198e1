import {
  explainRefusal,
  limitStateToWire,
  MAX_COST,
  type Principal,
  type Refusal,
  type Verdict,
} from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import { anyObject, iso, Moment, nullable, oneOf, strictObject } from '../http/wire.ts'

export const Hash = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'SHA-256 of the whole credential, lower-case hex',
})

/** Maximum lengths in characters; `scopes`: the maximum number. */
export const QUESTION_LIMITS = {
  credential: 4096,
  scope: 200,
  scopes: 50,
  environment: 16,
  resource: 2000,
  client_ip: 60,
  user_agent: 500,
} as const

export const VerifyWire = strictObject({
  credential: Type.Optional(
    Type.String({ maxLength: QUESTION_LIMITS.credential, description: 'As presented; or give its hash' }),
  ),
  credential_sha256: Type.Optional(Hash),
  scopes: Type.Optional(
    Type.Array(Type.String({ maxLength: QUESTION_LIMITS.scope }), {
      maxItems: QUESTION_LIMITS.scopes,
      description: 'All are needed',
    }),
  ),
  environment: Type.Optional(
    Type.String({
      maxLength: QUESTION_LIMITS.environment,
      description:
        'Refuses credentials of any other. Default: the first configured one. `*`: any will do, and `principal.environment` says which',
    }),
  ),
  resource: Type.Optional(
    Type.String({
      maxLength: QUESTION_LIMITS.resource,
      description:
        'The identifier of the API that asks; refuses tokens for others. Default: that of the default API',
    }),
  ),
  client_ip: Type.Optional(
    Type.String({ maxLength: QUESTION_LIMITS.client_ip, description: "The caller's, for allow-lists" }),
  ),
  user_agent: Type.Optional(Type.String({ maxLength: QUESTION_LIMITS.user_agent })),
  cost: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_COST,
      default: 1,
      description: 'Units that it takes of rate limits and quotas; 0 is not limited',
    }),
  ),
  dry_run: Type.Optional(
    Type.Boolean({ default: false, description: 'Judge without a look at limits, and count nothing' }),
  ),
})

/** Maximum number of requests in one batch. */
export const MAX_QUESTIONS = 100

/** Verification request of a verifier in any language. */
export type Question = Static<typeof VerifyWire>

export const VerifyBatchWire = strictObject({
  verify: Type.Array(VerifyWire, { minItems: 1, maxItems: MAX_QUESTIONS }),
})

const PrincipalWire = Type.Object({
  kind: oneOf(['api_key', 'access_token']),
  credential_id: Type.String(),
  key_id: nullable(Type.String({ description: 'null for tokens' })),
  client_id: nullable(Type.String({ description: 'The app that acts; null for keys' })),
  user_id: nullable(Type.String({ description: 'The user who allowed it; null where there is none' })),
  owner_id: Type.String(),
  scopes: Type.Array(Type.String()),
  environment: Type.String(),
  expires_at: nullable(Moment),
  metadata: anyObject(),
})

const LimitStateWire = Type.Object({
  kind: oneOf(['rate_limit', 'quota']),
  of: oneOf(['key', 'owner']),
  name: Type.String({ description: "The rate limit's name; the quota's period" }),
  limit: Type.Integer(),
  window_seconds: Type.Integer(),
  remaining: Type.Integer(),
  reset_seconds: Type.Integer(),
})

/** Things that a valid credential is warned of. */
const WARNINGS = ['expires_soon', 'old_secret_in_use'] as const
/** A key that ends sooner than this is warned. */
const SOON_MS = 7 * 24 * 3600 * 1000

export const VerdictWire = Type.Object({
  valid: Type.Boolean(),
  principal: Type.Optional(PrincipalWire),
  refusal: Type.Optional(
    Type.Object({
      reason: Type.String(),
      message: Type.String({ description: 'For the owner of the key; never for a stranger' }),
      fix: Type.String(),
      retry_after_seconds: Type.Optional(
        Type.Integer({ description: 'Of `rate_limited` and `quota_exceeded`' }),
      ),
    }),
  ),
  limits: Type.Optional(
    Type.Array(LimitStateWire, {
      description: 'Where its limits stand after this; absent where it has none',
    }),
  ),
  warnings: Type.Optional(
    Type.Array(Type.Object({ code: oneOf(WARNINGS), at: Moment }), {
      description:
        '`expires_soon`: the key ends within 7 days, by its expiry or by a rule of the policy. `old_secret_in_use`: this secret is being replaced, and works until then. Absent where there is none, and for tokens',
    }),
  ),
})

export const VerdictsWire = Type.Object({
  data: Type.Array(VerdictWire, { description: 'In the order of the questions, each for itself' }),
})

export type VerdictAnswer = ReturnType<typeof toVerdictWire>

/**
 * The answer to a verifier.
 *
 * @param nowMs asked only for the few keys that have an end
 */
export function toVerdictWire(verdict: Verdict, nowMs: () => number) {
  const limits = verdict.limits && { limits: verdict.limits.map(limitStateToWire) }
  return verdict.valid
    ? {
        valid: true,
        principal: toPrincipalWire(verdict.principal),
        ...limits,
        ...warningsAbout(verdict, nowMs),
      }
    : { valid: false, refusal: toRefusalWire(verdict.refusal), ...limits }
}

function warningsAbout({ principal, retiresAt }: Verdict & { valid: true }, nowMs: () => number) {
  const { expiresAt } = principal
  if ((expiresAt === null && retiresAt === undefined) || principal.kind !== 'api_key') return null
  const isSoon = expiresAt !== null && expiresAt.getTime() - nowMs() <= SOON_MS
  if (!isSoon && retiresAt === undefined) return null
  return {
    warnings: [
      ...(isSoon ? [{ code: 'expires_soon' as const, at: iso(expiresAt) }] : []),
      ...(retiresAt === undefined ? [] : [{ code: 'old_secret_in_use' as const, at: iso(retiresAt) }]),
    ],
  }
}

function toRefusalWire(refusal: Refusal) {
  const later = 'retryAfterSeconds' in refusal && { retry_after_seconds: refusal.retryAfterSeconds }
  return { reason: refusal.reason, ...explainRefusal(refusal), ...later }
}

function toPrincipalWire(principal: Principal) {
  return {
    kind: principal.kind,
    credential_id: principal.credentialId,
    key_id: principal.keyId,
    client_id: principal.clientId,
    user_id: principal.userId,
    owner_id: principal.ownerId,
    scopes: [...principal.scopes],
    environment: principal.environment,
    expires_at: iso(principal.expiresAt),
    metadata: principal.metadata,
  }
}
