import type { Ended } from './refusal.ts'

/** The two ends that come by themselves. */
export interface Deadlines {
  /** The end of a rotation's overlap; null while nothing replaces the secret. */
  readonly retiresAt: Date | null
  readonly expiresAt: Date | null
}

/** Everything that can end a secret of any kind. */
export interface Lifetime extends Deadlines {
  readonly revokedAt: Date | null
  /** When somebody ended a rotation's overlap before its time. */
  readonly retiredAt: Date | null
  readonly ownerSuspendedAt: Date | null
  readonly disabledAt: Date | null
}

/**
 * Why a secret is dead, or null while it lives. What somebody did counts from the moment it is stored, whatever the
 * reader's clock says; only deadlines are compared with it.
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

/** The deadline that has passed, or null. At its very second a credential is expired. */
export function pastItsEnd({ retiresAt, expiresAt }: Deadlines, nowMs: number): Ended | null {
  return pastDeadline(retiresAt?.getTime() ?? NEVER, expiresAt?.getTime() ?? NEVER, nowMs)
}

/** A deadline that never comes. */
export const NEVER = Number.POSITIVE_INFINITY

/** The same of deadlines in ms since the epoch. */
export function pastDeadline(retiresAtMs: number, expiresAtMs: number, nowMs: number): Ended | null {
  if (retiresAtMs <= nowMs) return { reason: 'rotated', at: new Date(retiresAtMs) }
  if (expiresAtMs <= nowMs) return { reason: 'expired', at: new Date(expiresAtMs) }
  return null
}
