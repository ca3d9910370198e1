import { hash, timingSafeEqual } from 'node:crypto'
import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import { addSeconds } from '../../../base/clock.ts'
import { newId } from '../../../base/id.ts'
import { no, yes } from '../../../base/result.ts'
import {
  authenticate,
  credentialPlace,
  type Exchanged,
  type GrantTypeReader,
  type Issuer,
  newAccessToken,
  newRefreshToken,
  notAfter,
  type RequestedAccess,
  refuserFor,
  type TokenCall,
  toIssued,
} from '../exchange.ts'
import { whyGrantInactive } from '../grant-status.ts'
import { spendCode } from '../issue-tokens.store.ts'
import { narrowScopes } from '../narrow-scopes.ts'
import { type OAuthRefusal, type OAuthRefusalReason, refuse } from '../refusal-reasons.ts'
import { revokeFamily } from '../revoke-family.ts'
import { findCode } from '../stored-token.store.ts'
import type { StoredCode } from '../stored-token.ts'

interface CodeRequest {
  readonly code: string
  readonly codeVerifier: string
  /** Null where it was left out, as OAuth 2.1 has it. */
  readonly redirectUri: string | null
  readonly access: RequestedAccess
}

/** RFC 6749 §4.1.3 with PKCE (RFC 7636 §4.5), and `resource` (RFC 8707 §2.2). */
export const authorizationCode: GrantTypeReader = (parameters, { resources }) => {
  const code = parameters.get('code')
  const codeVerifier = parameters.get('code_verifier')
  if (code === undefined) return no(refuse('no_code', 'code is missing.'))
  if (codeVerifier === undefined)
    return no(refuse('no_code_verifier', 'code_verifier is missing: every client uses PKCE.'))
  const redirectUri = parameters.get('redirect_uri') ?? null
  // A scope is no parameter of this grant (RFC 6749 §4.1.3), and unknown parameters are ignored.
  const request = { code, codeVerifier, redirectUri, access: { scopes: null, resources } }
  return yes((issuer, call, isRetry) => exchangeCode(issuer, request, call, isRetry))
}

async function exchangeCode(
  issuer: Issuer,
  request: CodeRequest,
  call: TokenCall,
  isRetry: boolean,
): Promise<Exchanged> {
  const { db, lifetimes } = issuer
  const { now } = call.origin
  const codeHash = hashCredential(request.code)
  const [known, found] = await Promise.all([authenticate(issuer, call, isRetry), findCode(db, codeHash)])
  if (!known.ok) return known
  const { client } = known.value
  const refused = refuserFor(client)
  if (!client.grantTypes.includes('authorization_code')) return refused('grant_type_not_registered')
  const redemption = redeem(found, request, client.id, now)
  if (redemption.outcome === 'refuse') return no({ why: redemption.refusal, clientId: client.id })
  if (redemption.outcome === 'replayed') {
    await revokeFamily(db, call.origin, redemption.familyId, 'code_used_twice')
    await issuer.onChanged()
    return refused('code_used_before')
  }
  if (found === null) throw new Error('a code that was not found was redeemed')

  const place = credentialPlace(issuer, client)
  const accessToken = mintCredential('access_token', place)
  const refreshToken = client.grantTypes.includes('refresh_token')
    ? mintCredential('refresh_token', place)
    : null
  const familyExpiresAt = notAfter(found.grantExpiresAt, addSeconds(now, lifetimes.refreshAbsoluteSeconds))
  const access = newAccessToken(issuer, client, accessToken, redemption, now, familyExpiresAt)
  const { grantId, scopes, resources } = found
  const spent = await spendCode(
    db,
    { codeHash, grantId, familyId: newId('fam'), familyExpiresAt, scopes, resources },
    access,
    refreshToken && newRefreshToken(issuer, refreshToken, now, familyExpiresAt),
  )
  return spent
    ? yes(toIssued(accessToken, access.expiresAt, refreshToken, redemption.scopes, now))
    : 'lost_race'
}

/**
 * Outcome for a code: tokens, a refusal that changes nothing, or the revocation of all tokens that it yielded before.
 */
type Redemption =
  | { readonly outcome: 'issue'; readonly scopes: readonly string[]; readonly resources: readonly string[] }
  | { readonly outcome: 'refuse'; readonly refusal: OAuthRefusal }
  | { readonly outcome: 'replayed'; readonly familyId: string }

/**
 * Pure. Against code interception and injection a code is bound to its client, redirect URI and PKCE challenge
 * (RFC 9700 §4.5.3). A caller that does not match all of them ends nothing: only the client itself, with the right
 * verifier, can have its tokens revoked by using a code twice (RFC 6749 §4.1.2).
 */
export function redeem(
  code: StoredCode | null,
  request: CodeRequest,
  clientId: string,
  now: Date,
): Redemption {
  const refused = (reason: OAuthRefusalReason): Redemption => ({ outcome: 'refuse', refusal: refuse(reason) })
  if (code === null) return refused('code_unknown')
  if (code.clientId !== clientId) return refused('code_of_another_client')
  if (!matchesChallenge(request.codeVerifier, code.codeChallenge)) return refused('code_verifier_wrong')
  if (request.redirectUri !== null && request.redirectUri !== code.redirectUri)
    return refused('redirect_uri_differs')
  if (code.familyId !== null) return { outcome: 'replayed', familyId: code.familyId }
  if (code.expiresAt <= now) return refused('code_expired')
  const inactive = whyGrantInactive(code, now)
  if (inactive !== null) return refused(inactive)
  const narrow = narrowScopes(code, request.access)
  return narrow.ok ? { outcome: 'issue', ...narrow.value } : { outcome: 'refuse', refusal: narrow.no }
}

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/

/** PKCE with S256, the only method (RFC 7636 §4.6). */
function matchesChallenge(verifier: string, challenge: string): boolean {
  if (!VERIFIER.test(verifier)) return false
  const made = Buffer.from(hash('sha256', verifier, 'base64url'))
  const stored = Buffer.from(challenge)
  return made.length === stored.length && timingSafeEqual(made, stored)
}
