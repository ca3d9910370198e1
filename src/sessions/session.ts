import type { Person } from './person.ts'

/** Idle timeout: a session without a request for this long ends. */
export const IDLE_SECONDS = 24 * 3600
/** Absolute timeout, counted from the start of the session. */
export const ABSOLUTE_SECONDS = 7 * 24 * 3600
/** `seenAt` is written at most this often: one update per session, not per request. */
export const SEEN_EVERY_SECONDS = 300

/** A user's session in one browser. */
export interface Session {
  readonly id: string
  readonly userId: string
  /** The user as stated by the external login; null for a user of ours, who is read again on each request. */
  readonly person: Person | null
  readonly authenticatedAt: Date
  readonly seenAt: Date
}

/** A session as the management API shows it, without its token. */
export interface ListedSession extends Pick<Session, 'id' | 'authenticatedAt' | 'seenAt'> {
  readonly createdAt: Date
  /** The latest end; an idle session ends earlier. */
  readonly expiresAt: Date
  /** Address and browser at the start; null where they were not kept. */
  readonly ip: string | null
  readonly userAgent: string | null
}
