import { addSeconds } from '../../../base/clock.ts'
import { whyGrantInactive } from '../grant-status.ts'
import { narrowed } from '../narrow-scopes.ts'
import { type OAuthRefusal, type OAuthRefusalReason, refuse } from '../oauth-refusal.ts'
import type { StoredRefreshToken } from '../stored-token.ts'
import type { TokenRequest } from '../token-request.ts'

type RefreshRequest = Extract<TokenRequest, { grantType: 'refresh_token' }>

/** What becomes of a refresh token: the next one, the same one again, a refusal, or the end of its family. */
export type Refreshing =
  | {
      /** `repeat`: the answer was lost, and it is presented again; its successor is there already. */
      readonly outcome: 'rotate' | 'repeat'
      readonly scopes: readonly string[]
      readonly resources: readonly string[]
    }
  | { readonly outcome: 'refuse'; readonly refusal: OAuthRefusal }
  | { readonly outcome: 'reused'; readonly familyId: string }

/**
 * Pure. A token that was spent may be presented again for a while, in case its answer was lost, as long as its successor
 * is unused; after that somebody else has it, and everything that came of the same code ends (RFC 9700 §4.14.2).
 */
export function refresh(
  token: StoredRefreshToken | null,
  request: RefreshRequest,
  client: { readonly id: string; readonly refreshGraceSeconds: number },
  successorHash: string,
  now: Date,
): Refreshing {
  const refused = (reason: OAuthRefusalReason): Refreshing => ({ outcome: 'refuse', refusal: refuse(reason) })
  if (token === null) return refused('refresh_token_unknown')
  if (token.clientId !== client.id) return refused('refresh_token_of_another_client')
  if (token.familyRevokedAt !== null) return refused('access_ended')
  const over = whyGrantInactive(token, now)
  if (over !== null) return refused(over)
  if (token.familyExpiresAt <= now) return refused('refresh_token_expired')
  const { spentAt } = token
  if (spentAt !== null) {
    const repeatable = !token.successorSpent && now < addSeconds(spentAt, client.refreshGraceSeconds)
    if (!repeatable) return { outcome: 'reused', familyId: token.familyId }
    // Derived from another server secret: the answer that was lost cannot be given again.
    if (token.successorHash !== successorHash) return refused('refresh_token_not_repeatable')
  } else if (token.expiresAt <= now) return refused('refresh_token_expired')
  const narrow = narrowed(token, request.wish)
  if (!narrow.ok) return { outcome: 'refuse', refusal: narrow.no }
  return { outcome: spentAt === null ? 'rotate' : 'repeat', ...narrow.value }
}
