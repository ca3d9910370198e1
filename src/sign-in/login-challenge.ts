import type { Person } from '../sessions/person.ts'

/** Time that a user has to sign in. */
export const CHALLENGE_SECONDS = 15 * 60

/**
 * A request that a user signs in, bound to the browser that started it. Its token is in URLs and worthless without that
 * browser's cookie.
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
  /** The user that the external login vouches for. */
  readonly person: Person | null
  readonly acceptedAt: Date | null
  readonly rejectedAt: Date | null
  readonly rejectedReason: string | null
  readonly spentAt: Date | null
}

export type ChallengeState = 'open' | 'answered' | 'spent' | 'expired'

/** Computed from the timestamps; a final state wins. */
export function stateOf(challenge: LoginChallenge, now: Date): ChallengeState {
  if (challenge.spentAt !== null) return 'spent'
  if (challenge.expiresAt <= now) return 'expired'
  return challenge.acceptedAt !== null || challenge.rejectedAt !== null ? 'answered' : 'open'
}
