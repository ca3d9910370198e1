import type { Person } from '../sessions/person.ts'

/** How long somebody may take to sign in. */
export const CHALLENGE_SECONDS = 15 * 60

/**
 * One wish that somebody signs in: made in one browser, and of use in that one alone. Its token stands in URLs; it is
 * worth nothing without the browser's cookie.
 */
export interface LoginChallenge {
  readonly hash: Uint8Array
  readonly returnTo: string
  readonly refusedTo: string | null
  readonly clientName: string | null
  readonly loginHint: string | null
  readonly wantsFresh: boolean
  readonly createdAt: Date
  readonly expiresAt: Date
  /** Whom the API provider's own login vouches for. */
  readonly person: Person | null
  readonly acceptedAt: Date | null
  readonly rejectedAt: Date | null
  readonly rejectedReason: string | null
  readonly spentAt: Date | null
}

export type ChallengeState = 'open' | 'answered' | 'spent' | 'expired'

/** Read off its timestamps; what is over for good wins. */
export function stateOf(challenge: LoginChallenge, now: Date): ChallengeState {
  if (challenge.spentAt !== null) return 'spent'
  if (challenge.expiresAt <= now) return 'expired'
  return challenge.acceptedAt !== null || challenge.rejectedAt !== null ? 'answered' : 'open'
}
