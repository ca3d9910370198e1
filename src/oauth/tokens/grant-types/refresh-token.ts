import { hashCredential, mintCredential } from '@doorward/sdk/kernel'
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
import { addAccessToken, endOfAccessToken, spendRefreshToken } from '../issue-tokens.store.ts'
import { refresh } from '../refresh-token-reuse.ts'
import { refuse } from '../refusal-reasons.ts'
import { revokeFamily } from '../revoke-family.ts'
import { findRefreshToken } from '../stored-token.store.ts'

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
