import type { OAuthRefusalReason } from './oauth-refusal.ts'
import type { GrantStatus } from './stored-token.ts'

/** Why nothing more comes of a grant; null where it stands. */
export function whyGrantInactive(standing: GrantStatus, now: Date): OAuthRefusalReason | null {
  if (standing.grantRevokedAt !== null) return 'grant_revoked'
  if (standing.grantExpiresAt !== null && standing.grantExpiresAt <= now) return 'grant_expired'
  return standing.ownerSuspendedAt === null ? null : 'owner_suspended'
}
