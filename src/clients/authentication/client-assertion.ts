import { compactVerify, decodeProtectedHeader } from 'jose'
import { addSeconds } from '../../base/clock.ts'
import { momentAt } from '../../base/moment.ts'
import { no, type Result, yes } from '../../base/result.ts'
import type { JsonWebKeySet, ProvenAssertion } from '../client.ts'
import { ASSERTION_ALGORITHMS, type AssertionAlgorithm, keysFor } from '../client-keys.ts'
import type { ClientRefusalReason } from './client-refusal.ts'

/** Longest remaining lifetime of an assertion on arrival: its `jti` is stored for so long. */
const MAX_LIFETIME_SECONDS = 300
/** Tolerated clock skew of the client, in seconds, either way. */
const LEEWAY_SECONDS = 60
const MAX_ASSERTION_LENGTH = 8192
const MAX_ID_LENGTH = 512

/** The client that an unverified assertion claims to be from: needed to find the keys. */
export function claimedClient(assertion: string): string | null {
  const { iss } =
    (assertion.length > MAX_ASSERTION_LENGTH ? null : claimsOf(assertion.split('.')[1] ?? '')) ?? {}
  return typeof iss === 'string' && iss !== '' ? iss : null
}

/** The key that an unverified assertion claims to be signed with. */
export function claimedKey(assertion: string): string | undefined {
  return headerOf(assertion)?.kid
}

/**
 * Verifies an assertion (RFC 7523 §3). Its audience is the issuer alone, as in the revision of that RFC, so that no
 * other server can replay it.
 */
export async function proveAssertion(
  assertion: string,
  { clientId, keys, issuer, now }: { clientId: string; keys: JsonWebKeySet; issuer: string; now: Date },
): Promise<Result<ProvenAssertion, ClientRefusalReason>> {
  const header = headerOf(assertion)
  if (header === null) return no('assertion_malformed')
  const algorithm = ASSERTION_ALGORITHMS.find((name) => name === header.alg)
  if (algorithm === undefined) return no('assertion_algorithm')
  const payload = await verifiedPayload(assertion, algorithm, keys, header.kid)
  if (payload === null) return no('assertion_signature')
  const claims = claimsOf(payload)
  if (claims === null) return no('assertion_malformed')
  const why = whyNotClaims(claims, { clientId, issuer, now })
  if (why !== null) return no(why)
  return yes({
    jti: String(claims.jti),
    forgetAt: addSeconds(momentAt(Number(claims.exp) * 1000), LEEWAY_SECONDS),
  })
}

/** The fault in the claims of a signed assertion; null where there is none. */
function whyNotClaims(
  { iss, sub, aud, exp, nbf, iat, jti }: Readonly<Record<string, unknown>>,
  { clientId, issuer, now }: { clientId: string; issuer: string; now: Date },
): ClientRefusalReason | null {
  const nowSeconds = now.getTime() / 1000
  if (iss !== clientId) return 'assertion_issuer'
  if (sub !== clientId) return 'assertion_subject'
  if (aud !== issuer) return 'assertion_audience'
  if (!isMoment(exp) || exp <= nowSeconds - LEEWAY_SECONDS) return 'assertion_expired'
  if (exp > nowSeconds + MAX_LIFETIME_SECONDS + LEEWAY_SECONDS) return 'assertion_lives_too_long'
  for (const begins of [nbf, iat])
    if (begins !== undefined && !(isMoment(begins) && begins <= nowSeconds + LEEWAY_SECONDS))
      return 'assertion_not_yet_valid'
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_ID_LENGTH) return 'assertion_without_id'
  return null
}

function headerOf(assertion: string): { alg: string; kid: string | undefined } | null {
  if (assertion.length > MAX_ASSERTION_LENGTH) return null
  try {
    const { alg, kid } = decodeProtectedHeader(assertion)
    return typeof alg === 'string' && (kid === undefined || typeof kid === 'string') ? { alg, kid } : null
  } catch {
    return null
  }
}

/**
 * Verifies the signature with the client's registered keys and returns the payload. Keys named inside the assertion
 * are ignored.
 */
async function verifiedPayload(
  assertion: string,
  algorithm: AssertionAlgorithm,
  keys: JsonWebKeySet,
  kid: string | undefined,
): Promise<string | null> {
  for (const key of keysFor(keys, algorithm, kid))
    try {
      const { payload } = await compactVerify(assertion, key, { algorithms: [algorithm] })
      return Buffer.from(payload).toString('base64url')
    } catch {
      // Signed with another key, perhaps the next.
    }
  return null
}

function claimsOf(payload: string): Record<string, unknown> | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return claims !== null && typeof claims === 'object' && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** RFC 7519 §2: seconds since the epoch, fractions allowed. */
function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 8_640_000_000_000
}
