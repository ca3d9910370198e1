import type { OAuthRefusalReason } from './refusal-reasons.ts'
import type { GrantStatus } from './stored-token.ts'

/** The reason why a grant yields no more tokens; null where it is active. */
export function whyGrantInactive(grant: GrantStatus, now: Date): OAuthRefusalReason | null {
  if (grant.grantRevokedAt !== null) return 'grant_revoked'
  if (grant.grantExpiresAt !== null && grant.grantExpiresAt <= now) return 'grant_expired'
  return grant.ownerSuspendedAt === null ? null : 'owner_suspended'
}
