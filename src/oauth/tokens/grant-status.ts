import type { OAuthRefusalReason } from './oauth-refusal.ts'
import type { Standing } from './stored-token.ts'

/** Why nothing more comes of a grant; null where it stands. */
export function whyOver(standing: Standing, now: Date): OAuthRefusalReason | null {
  if (standing.grantRevokedAt !== null) return 'grant_revoked'
  if (standing.grantExpiresAt !== null && standing.grantExpiresAt <= now) return 'grant_expired'
  return standing.ownerSuspendedAt === null ? null : 'owner_suspended'
}
