import type { Limits } from '@doorward/sdk/rules'
import { addSeconds } from '../base/clock.ts'
import type { AutoRotated } from '../owners/auto-rotation.ts'
import {
  type DisablingDates,
  type DisablingRule,
  NOTICE_SECONDS,
  nextDisabling,
} from '../owners/disabling.ts'
import {
  currentSecret,
  endOf,
  hasLiveSecret,
  type NoRotation,
  type RotationInUse,
  type RotationRunning,
  type StoredSecret,
  whyNotFinishRotation,
  whyNotStartRotation,
  whyNotUndoRotation,
} from '../secrets/secret.ts'

/** The identity of an owner's program. It keeps its id, scopes and history through every rotation. */
export interface Key extends DisablingDates, AutoRotated {
  readonly id: string
  readonly ownerId: string
  readonly name: string
  readonly environment: string
  readonly scopes: readonly string[]
  /** CIDR blocks and addresses; null: from anywhere. */
  readonly ipAllowlist: readonly string[] | null
  readonly metadata: Readonly<Record<string, unknown>>
  readonly limits: Limits
  /** It may rotate itself with its own secret. */
  readonly selfRotation: boolean
  /** For people, such as where the secret is kept. */
  readonly note: string | null
  readonly createdBy: string
  /** Null where it is unknown, or not for this reader. */
  readonly createdByName: string | null
  readonly createdAt: Date
  /** Scopes before they were last changed. */
  readonly formerScopes: { readonly scopes: readonly string[]; readonly changedAt: Date } | null
  readonly disabledAt: Date | null
  /** The rule of the policy that disabled it; null: a person did. */
  readonly disabledBy: DisablingRule | null
  readonly revokedAt: Date | null
  readonly revokedReason: string | null
  readonly ownerSuspendedAt: Date | null
  /** Newest first; never empty. */
  readonly secrets: readonly StoredSecret[]
}

export const KEY_STATES = ['active', 'disabled', 'suspended', 'expired', 'revoked'] as const
export type KeyState = (typeof KEY_STATES)[number]

/**
 * Derived from the timestamps, never stored; states that cannot be undone come first. A key lives as long as any of its
 * secrets, so that no secret of an expired key is accepted.
 */
export function stateOf(key: Key, now: Date): KeyState {
  if (key.revokedAt !== null) return 'revoked'
  if (!hasLiveSecret(key.secrets, now)) return 'expired'
  if (key.ownerSuspendedAt !== null) return 'suspended'
  if (asDisabledBy(now, key).disabledAt !== null) return 'disabled'
  return 'active'
}

/**
 * The key as rules have disabled it by a moment: verification compares their dates like an expiry, and a job writes it
 * soon after. Not for lack of use, which the job looks at first.
 */
export function asDisabledBy(now: Date, key: Key): Key {
  const due = key.disabledAt === null ? nextDisabling({ ...key, disableUnusedAt: null }) : null
  return due === null || due.at > now ? key : { ...key, disabledAt: due.at, disabledBy: due.rule }
}

/** The latest use of any of its secrets. */
export function lastUse(key: Pick<Key, 'secrets'>): StoredSecret | null {
  const used = key.secrets.filter((secret) => secret.lastUsedAt !== null)
  return used.toSorted((a, b) => Number(b.lastUsedAt) - Number(a.lastUsedAt))[0] ?? null
}

/** The next date at which a rule disables it; null where none does, or it has stopped working anyway. */
export function disablingOf(key: Key): { readonly rule: DisablingRule; readonly at: Date } | null {
  if (key.revokedAt !== null || key.disabledAt !== null) return null
  const isUsed = key.disableUnusedAt !== null && usedSince(key, key.disableUnusedAt)
  return nextDisabling(isUsed ? { ...key, disableUnusedAt: null } : key)
}

/** True where a key was used since the day on which it got the date because it was not. */
function usedSince(key: Pick<Key, 'secrets'>, disableUnusedAt: Date): boolean {
  const used = lastUse(key)?.lastUsedAt ?? null
  return used !== null && used > addSeconds(disableUnusedAt, -NOTICE_SECONDS)
}

/** The day of UTC that a moment is in, counted from 1970. */
export function dayOf(at: Date): number {
  return Math.floor(at.getTime() / DAY_MS)
}

export const DAY_MS = 24 * 3600 * 1000

/** Why an action on a key is refused, with the evidence. The server's use cases and its screens ask the same functions. */
export type KeyRefusal = KeyRevoked | KeyExpired | KeyStopped | RotationRunning | NoRotation | RotationInUse

export interface KeyRevoked {
  readonly code: 'key_revoked'
  readonly at: Date
}

export interface KeyExpired {
  readonly code: 'key_expired'
  readonly at: Date
}

/** Can be undone: enable the key, resume the owner. */
export interface KeyStopped {
  readonly code: 'key_disabled' | 'owner_suspended'
  readonly at: Date
}

/** For name, scopes and everything but the expiry. */
export function whyNotChangeKey({ revokedAt }: Key): KeyRevoked | null {
  return revokedAt === null ? null : { code: 'key_revoked', at: revokedAt }
}

export function whyNotChangeExpiry(key: Key, now: Date): KeyRevoked | KeyExpired | null {
  const ended = endOf(currentSecret(key.secrets), now)
  return whyNotChangeKey(key) ?? (ended === null ? null : { code: 'key_expired', at: ended.at })
}

/** `already_disabled`: nothing is left to do, and the server accepts the request. */
export function whyNotDisableKey(
  key: Key,
): KeyRevoked | { readonly code: 'already_disabled'; readonly at: Date } | null {
  const { disabledAt: at } = key
  return whyNotChangeKey(key) ?? (at === null ? null : { code: 'already_disabled', at })
}

/** `not_disabled`: nothing is left to do, and the server accepts the request. */
export function whyNotEnableKey(key: Key): KeyRevoked | { readonly code: 'not_disabled' } | null {
  return whyNotChangeKey(key) ?? (key.disabledAt === null ? { code: 'not_disabled' } : null)
}

/** `key_revoked`: nothing is left to do, and the server accepts the request. */
export function whyNotRevokeKey(key: Key): KeyRevoked | null {
  return whyNotChangeKey(key)
}

export function whyNotRotateKey(
  key: Key,
  now: Date,
): KeyRevoked | KeyExpired | KeyStopped | RotationRunning | null {
  const { ownerSuspendedAt, disabledAt, disabledBy } = asDisabledBy(now, key)
  const over = whyNotChangeExpiry(key, now)
  if (over !== null) return over
  if (ownerSuspendedAt !== null) return { code: 'owner_suspended', at: ownerSuspendedAt }
  // One that was disabled because it had not been rotated is rotated before it can be enabled.
  if (disabledAt !== null && disabledBy !== 'rotate_every_days')
    return { code: 'key_disabled', at: disabledAt }
  return whyNotStartRotation(key.secrets, now)
}

export function whyNotFinishKeyRotation(key: Key, now: Date): KeyRevoked | NoRotation | null {
  return whyNotChangeKey(key) ?? whyNotFinishRotation(key.secrets, now)
}

export function whyNotUndoKeyRotation(key: Key, now: Date): KeyRevoked | NoRotation | RotationInUse | null {
  return whyNotChangeKey(key) ?? whyNotUndoRotation(key.secrets, now)
}

/** A change of scopes can be undone for so long, whatever was deprecated meanwhile. */
const UNDO_SCOPES_DAYS = 7

/** Scopes that may be given to the key though they are deprecated: it holds them, or held them until a recent change. */
export function scopesItMayKeep({ scopes, formerScopes }: Key, now: Date): readonly string[] {
  if (formerScopes === null) return scopes
  const undoableMs = formerScopes.changedAt.getTime() + UNDO_SCOPES_DAYS * DAY_MS
  return now.getTime() < undoableMs ? [...scopes, ...formerScopes.scopes] : scopes
}

/** True for an end before the other; null is none. */
export function isSooner(end: Date | null, than: Date | null): boolean {
  return end !== null && (than === null || end < than)
}

/** Metadata as JSON is at most this long, in UTF-8 bytes. */
export const MAX_METADATA_BYTES = 4096
