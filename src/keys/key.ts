import type { Limits } from '@doorward/sdk/rules'
import { momentAt } from '../base/moment.ts'
import { hasLiveSecret, type StoredSecret } from '../secrets/secret.ts'

/** The identity that an owner's server acts under. It keeps its id, scopes and history through every rotation. */
export interface Key {
  readonly id: string
  readonly ownerId: string
  readonly name: string
  readonly environment: string
  readonly scopes: readonly string[]
  /** CIDR blocks and addresses; null: from anywhere. */
  readonly ipAllowlist: readonly string[] | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly limits: Limits
  readonly createdBy: string
  readonly createdAt: Date
  readonly disabledAt: Date | null
  readonly revokedAt: Date | null
  readonly revokedReason: string | null
  readonly ownerSuspendedAt: Date | null
  /** Newest first; never empty. */
  readonly secrets: readonly StoredSecret[]
}

export const KEY_STATES = ['active', 'disabled', 'suspended', 'expired', 'revoked'] as const
export type KeyState = (typeof KEY_STATES)[number]

/**
 * Read off the timestamps, never stored. What cannot be undone comes first. A key lives for as long as any of its secrets
 * does, so that no secret of an expired key is accepted.
 */
export function stateOf(key: Key, now: Date): KeyState {
  if (key.revokedAt !== null) return 'revoked'
  if (!hasLiveSecret(key.secrets, now)) return 'expired'
  if (key.ownerSuspendedAt !== null) return 'suspended'
  if (key.disabledAt !== null) return 'disabled'
  return 'active'
}

/** The latest use of any of its secrets. */
export function lastUse(key: Key): StoredSecret | null {
  const used = key.secrets.filter((secret) => secret.lastUsedAt !== null)
  return used.toSorted((a, b) => Number(b.lastUsedAt) - Number(a.lastUsedAt))[0] ?? null
}

/** The day of UTC that a moment is in, counted from 1970. */
export function dayOf(at: Date): number {
  return Math.floor(at.getTime() / DAY_MS)
}

export function startOfDay(day: number): Date {
  return momentAt(day * DAY_MS)
}

const DAY_MS = 24 * 3600 * 1000

/** Why a key cannot be rotated, as a problem's code; null where it can. A screen asks this before it shows a button. */
export function whyNotRotate(
  state: KeyState,
): 'key_revoked' | 'key_expired' | 'key_disabled' | 'owner_suspended' | null {
  return WHY_NOT_ROTATE[state]
}

const WHY_NOT_ROTATE = {
  active: null,
  disabled: 'key_disabled',
  suspended: 'owner_suspended',
  expired: 'key_expired',
  revoked: 'key_revoked',
} as const

/** Metadata as JSON is at most this long, in UTF-8 bytes. */
export const MAX_METADATA_BYTES = 4096
