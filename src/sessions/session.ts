import type { Person } from './person.ts'

/** A session ends when nobody came for so long, … */
export const IDLE_SECONDS = 24 * 3600
/** … and at the latest so long after it began. */
export const ABSOLUTE_SECONDS = 7 * 24 * 3600
/** That somebody came is written down at most this often. */
export const SEEN_EVERY_SECONDS = 300

/** Somebody is signed in, in one browser. */
export interface Session {
  readonly id: string
  readonly userId: string
  /** As the API provider's own login told it; null for a user of ours, who is read anew each time. */
  readonly person: Person | null
  readonly authenticatedAt: Date
  readonly seenAt: Date
}

/** A session as whoever looks after users sees it. Its token is nowhere in it. */
export interface ListedSession extends Pick<Session, 'id' | 'authenticatedAt' | 'seenAt'> {
  readonly createdAt: Date
  /** At the latest; earlier where nobody comes. */
  readonly expiresAt: Date
  /** Where it began, and in which browser; null where that was not kept. */
  readonly ip: string | null
  readonly userAgent: string | null
}
