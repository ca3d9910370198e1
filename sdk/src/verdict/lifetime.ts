import type { Ended } from './refusal.ts'

/** The two ends that the clock brings. */
export interface Deadlines {
  /** The end of a rotation's overlap; null while nothing replaces the secret. */
  readonly retiresAt: Date | null
  readonly expiresAt: Date | null
}

/** All times that can end a secret of any kind. */
export interface Lifetime extends Deadlines {
  readonly revokedAt: Date | null
  /** The time at which a rotation's overlap was finished early. */
  readonly retiredAt: Date | null
  readonly ownerSuspendedAt: Date | null
  readonly disabledAt: Date | null
}

/**
 * Returns why a secret is not active, or null while it is. An action counts from when it is stored, whatever the reader's
 * clock says; only deadlines are compared with the clock.
 */
export function endedBy(life: Lifetime, nowMs: number): Ended | null {
  if (life.revokedAt !== null) return { reason: 'revoked', at: life.revokedAt }
  if (life.retiredAt !== null) return { reason: 'rotated', at: life.retiredAt }
  const past = pastItsEnd(life, nowMs)
  if (past !== null) return past
  if (life.ownerSuspendedAt !== null) return { reason: 'owner_suspended', at: life.ownerSuspendedAt }
  if (life.disabledAt !== null) return { reason: 'disabled', at: life.disabledAt }
  return null
}

/** Returns the deadline that has passed, or null. At its exact time a credential is expired. */
export function pastItsEnd({ retiresAt, expiresAt }: Deadlines, nowMs: number): Ended | null {
  return pastDeadline(retiresAt?.getTime() ?? NEVER, expiresAt?.getTime() ?? NEVER, nowMs)
}

/** A deadline that never comes. */
export const NEVER = Number.POSITIVE_INFINITY

/** {@link pastItsEnd} for deadlines in ms since the epoch. */
export function pastDeadline(retiresAtMs: number, expiresAtMs: number, nowMs: number): Ended | null {
  if (retiresAtMs <= nowMs) return { reason: 'rotated', at: new Date(retiresAtMs) }
  if (expiresAtMs <= nowMs) return { reason: 'expired', at: new Date(expiresAtMs) }
  return null
}
