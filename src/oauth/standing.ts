import type { OAuthRefusalReason } from './oauth-refusal.ts'

/** What a code or a refresh token hangs from, as far as it can end it. */
export interface Standing {
  readonly grantId: string
  readonly grantRevokedAt: Date | null
  readonly grantExpiresAt: Date | null
  readonly ownerSuspendedAt: Date | null
}

/** Why nothing more comes of a grant; null where it stands. */
export function whyOver(standing: Standing, now: Date): OAuthRefusalReason | null {
  if (standing.grantRevokedAt !== null) return 'grant_revoked'
  if (standing.grantExpiresAt !== null && standing.grantExpiresAt <= now) return 'grant_expired'
  return standing.ownerSuspendedAt === null ? null : 'owner_suspended'
}
