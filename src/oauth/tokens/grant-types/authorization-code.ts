import { hash, timingSafeEqual } from 'node:crypto'
import { whyGrantInactive } from '../grant-status.ts'
import { narrowed } from '../narrow-scopes.ts'
import { type OAuthRefusal, type OAuthRefusalReason, refuse } from '../oauth-refusal.ts'
import type { StoredCode } from '../stored-token.ts'
import type { TokenRequest } from '../token-request.ts'

type CodeRequest = Extract<TokenRequest, { grantType: 'authorization_code' }>

/** What becomes of a code: tokens, a refusal that changes nothing, or the end of all that it yielded before. */
export type Redemption =
  | { readonly outcome: 'issue'; readonly scopes: readonly string[]; readonly resources: readonly string[] }
  | { readonly outcome: 'refuse'; readonly refusal: OAuthRefusal }
  | { readonly outcome: 'replayed'; readonly familyId: string }

/**
 * Pure. Whoever does not hold all that the code is bound to learns nothing and ends nothing: only the client itself,
 * with the right verifier, can have its tokens ended by using a code twice (RFC 9700 §4.5.3, RFC 6749 §4.1.2).
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
  if (!provesKey(request.codeVerifier, code.codeChallenge)) return refused('code_verifier_wrong')
  if (request.redirectUri !== null && request.redirectUri !== code.redirectUri)
    return refused('redirect_uri_differs')
  if (code.familyId !== null) return { outcome: 'replayed', familyId: code.familyId }
  if (code.expiresAt <= now) return refused('code_expired')
  const over = whyGrantInactive(code, now)
  if (over !== null) return refused(over)
  const narrow = narrowed(code, request.wish)
  return narrow.ok ? { outcome: 'issue', ...narrow.value } : { outcome: 'refuse', refusal: narrow.no }
}

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/

/** S256, the only method (RFC 7636 §4.6). */
function provesKey(verifier: string, challenge: string): boolean {
  if (!VERIFIER.test(verifier)) return false
  const made = Buffer.from(hash('sha256', verifier, 'base64url'))
  const kept = Buffer.from(challenge)
  return made.length === kept.length && timingSafeEqual(made, kept)
}
