import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
import { addSeconds } from '../../../base/clock.ts'
import { no, yes } from '../../../base/result.ts'
import { deriveTokens } from '../derive-tokens.ts'
import {
  authenticate,
  credentialPlace,
  type Exchanged,
  type GrantTypeReader,
  hashOf,
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
import { addAccessToken, endOfAccessToken, spendRefreshToken } from '../issue-tokens.store.ts'
import { narrowScopes } from '../narrow-scopes.ts'
import { type OAuthRefusal, type OAuthRefusalReason, refuse } from '../oauth-refusal.ts'
import { revokeFamily } from '../revoke-family.ts'
import { findRefreshToken } from '../stored-token.store.ts'
import type { StoredRefreshToken } from '../stored-token.ts'

/** RFC 6749 §6, and `resource` (RFC 8707 §2.2). */
export const refreshToken: GrantTypeReader = (parameters, access) => {
  const presented = parameters.get('refresh_token')
  return presented === undefined
    ? no(refuse('no_refresh_token', 'refresh_token is missing.'))
    : yes((issuer, call, isRetry) => exchangeRefreshToken(issuer, presented, access, call, isRetry))
}

async function exchangeRefreshToken(
  issuer: Issuer,
  presented: string,
  requested: RequestedAccess,
  call: TokenCall,
  isRetry: boolean,
): Promise<Exchanged> {
  const { db, refreshKey } = issuer
  const { now } = call.origin
  const tokenHash = hashCredential(presented)
  const [known, found] = await Promise.all([
    authenticate(issuer, call, isRetry),
    findRefreshToken(db, tokenHash),
  ])
  if (!known.ok) return known
  const { client } = known.value
  const refused = refuserFor(client)
  if (!client.grantTypes.includes('refresh_token')) return refused('grant_type_not_registered')

  const place = credentialPlace(issuer, client)
  const next = deriveTokens(refreshKey, place, presented, requested)
  const refreshing = refresh(found, requested, client, hashOf(next.refreshToken), now)
  if (refreshing.outcome === 'refuse') return no({ why: refreshing.refusal, clientId: client.id })
  if (refreshing.outcome === 'reused') {
    await revokeFamily(db, call.origin, refreshing.familyId, 'refresh_token_reused')
    await issuer.onChanged()
    return refused('refresh_token_reused')
  }
  if (found === null) throw new Error('a refresh token that was not found was spent')

  const { grantId, familyId } = found
  const last = notAfter(found.grantExpiresAt, found.familyExpiresAt)
  if (refreshing.outcome === 'repeat') {
    const end = await endOfAccessToken(db, hashOf(next.accessToken))
    if (end !== null && end > now)
      return yes(toIssued(next.accessToken, end, next.refreshToken, refreshing.scopes, now))
    const accessToken = mintCredential('access_token', place)
    const access = newAccessToken(issuer, client, accessToken, refreshing, now, last)
    const added = await addAccessToken(db, { grantId, familyId }, access)
    return added
      ? yes(toIssued(accessToken, access.expiresAt, next.refreshToken, refreshing.scopes, now))
      : 'lost_race'
  }
  const access = newAccessToken(issuer, client, next.accessToken, refreshing, now, last)
  const successor = newRefreshToken(issuer, next.refreshToken, now, last)
  const spent = await spendRefreshToken(db, { tokenHash, grantId, familyId }, access, successor)
  return spent
    ? yes(toIssued(next.accessToken, access.expiresAt, next.refreshToken, refreshing.scopes, now))
    : 'lost_race'
}

/** Outcome for a refresh token: the next one, the same one again, a refusal, or the revocation of its family. */
type Refreshing =
  | {
      /** `repeat`: the response was lost and the token is presented again; its successor exists already. */
      readonly outcome: 'rotate' | 'repeat'
      readonly scopes: readonly string[]
      readonly resources: readonly string[]
    }
  | { readonly outcome: 'refuse'; readonly refusal: OAuthRefusal }
  | { readonly outcome: 'reused'; readonly familyId: string }

/**
 * Refresh token rotation with reuse detection (RFC 9700 §4.14.2). Pure. A spent token may be presented again during the
 * client's grace, in case the response was lost, as long as its successor is unused. After that two parties hold it, and
 * the whole family is revoked.
 */
export function refresh(
  token: StoredRefreshToken | null,
  requested: RequestedAccess,
  client: { readonly id: string; readonly refreshGraceSeconds: number },
  successorHash: string,
  now: Date,
): Refreshing {
  const refused = (reason: OAuthRefusalReason): Refreshing => ({ outcome: 'refuse', refusal: refuse(reason) })
  if (token === null) return refused('refresh_token_unknown')
  if (token.clientId !== client.id) return refused('refresh_token_of_another_client')
  if (token.familyRevokedAt !== null) return refused('access_ended')
  const inactive = whyGrantInactive(token, now)
  if (inactive !== null) return refused(inactive)
  if (token.familyExpiresAt <= now) return refused('refresh_token_expired')
  const { spentAt } = token
  if (spentAt !== null) {
    const repeatable = !token.successorSpent && now < addSeconds(spentAt, client.refreshGraceSeconds)
    if (!repeatable) return { outcome: 'reused', familyId: token.familyId }
    // Derived from another server secret: the lost response cannot be given again.
    if (token.successorHash !== successorHash) return refused('refresh_token_not_repeatable')
  } else if (token.expiresAt <= now) return refused('refresh_token_expired')
  const narrow = narrowScopes(token, requested)
  if (!narrow.ok) return { outcome: 'refuse', refusal: narrow.no }
  return { outcome: spentAt === null ? 'rotate' : 'repeat', ...narrow.value }
}
