import { addSeconds } from '../../base/clock.ts'
import type { RequestedAccess } from './exchange.ts'
import { whyGrantInactive } from './grant-status.ts'
import { narrowScopes } from './narrow-scopes.ts'
import { type OAuthRefusal, type OAuthRefusalReason, refuse } from './refusal-reasons.ts'
import type { StoredRefreshToken } from './stored-token.ts'

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
