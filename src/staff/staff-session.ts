import type { Factor } from './staff.ts'

/** Idle timeout: a session without a request for this long ends. */
export const IDLE_SECONDS = 3600
/** Absolute timeout, counted from the start of the session. */
export const ABSOLUTE_SECONDS = 24 * 3600
/** `seenAt` is written at most this often. */
export const SEEN_EVERY_SECONDS = 60

/** A staff member's session in one browser, without its token. */
export interface StaffSession {
  readonly id: string
  readonly staffId: string
  readonly createdAt: Date
  /** The last request, up to a minute late. */
  readonly seenAt: Date
  /** The latest end; an idle session ends earlier. */
  readonly expiresAt: Date
  readonly ip: string | null
  readonly userAgent: string | null
  /** The last proof of each factor in this session. */
  readonly provenAt: Readonly<Record<Factor, Date | null>>
}
