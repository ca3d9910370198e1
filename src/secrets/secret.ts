import { type Ended, endedBy } from '@doorward/sdk/rules'
import { addSeconds } from '../base/clock.ts'
import { momentAt } from '../base/moment.ts'

/** What proves a key: stored only as a hash. Its holder is a key, an admin key or a client. */
export interface StoredSecret {
  readonly id: string
  readonly holderId: string
  readonly hint: string
  readonly createdAt: Date
  readonly expiresAt: Date | null
  /** The end of the overlap, once a successor is there. */
  readonly retiresAt: Date | null
  /** When the overlap was ended before its time: a deed, which no clock puts off. */
  readonly retiredAt: Date | null
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
  readonly lastUsedIp: string | null
  readonly lastUsedUserAgent: string | null
  /** When it was first seen where no secret belongs, such as in a URL. */
  readonly exposedAt: Date | null
}

/** Two secrets that both work, and the moment from which only the new one does. */
export interface Rotation {
  readonly old: StoredSecret
  readonly next: StoredSecret
  readonly endsAt: Date
}

/** Default and longest overlap of a rotation. */
export const DEFAULT_OVERLAP_SECONDS = 24 * 3600
export const MAX_OVERLAP_SECONDS = 90 * 24 * 3600

/** How long the old secret must have been silent before finishing is called safe. */
const QUIET_SECONDS = 3600

/** How and when a secret by itself ended, or null; its holder may be disabled or revoked all the same. */
export function endOf(secret: StoredSecret, now: Date): Ended | null {
  return endedBy({ ...secret, ownerSuspendedAt: null, disabledAt: null }, now.getTime())
}

export function isLive(secret: StoredSecret, now: Date): boolean {
  return endOf(secret, now) === null
}

/** The secret that stands for its holder: the one that is neither taken back nor being replaced. There is exactly one. */
export function currentSecret(secrets: readonly StoredSecret[]): StoredSecret {
  const current = secrets.find((secret) => secret.revokedAt === null && secret.retiresAt === null)
  if (current === undefined) throw new Error('a holder has no current secret')
  return current
}

/** Whether any secret still works: what holds them is expired only where none does. */
export function hasLiveSecret(secrets: readonly StoredSecret[], now: Date): boolean {
  return secrets.some((secret) => isLive(secret, now))
}

/** The rotation that runs, or null: there is one for as long as the old secret works, so that it can be ended. */
export function runningRotation(secrets: readonly StoredSecret[], now: Date): Rotation | null {
  const old = secrets.find((secret) => secret.retiresAt !== null && isLive(secret, now))
  return old?.retiresAt == null ? null : { old, next: currentSecret(secrets), endsAt: old.retiresAt }
}

/** Why a rotation cannot be started: at most two secrets of a holder live at once. */
export interface RotationRunning {
  readonly code: 'rotation_running'
  readonly endsAt: Date
}

/** Why a rotation cannot be finished: none runs. */
export interface NoRotation {
  readonly code: 'no_rotation'
}

/** Why a rotation cannot be undone: the new secret was used, so a program has it. */
export interface RotationInUse {
  readonly code: 'rotation_in_use'
  readonly usedAt: Date
}

export function whyNotStartRotation(secrets: readonly StoredSecret[], now: Date): RotationRunning | null {
  const running = runningRotation(secrets, now)
  return running === null ? null : { code: 'rotation_running', endsAt: running.endsAt }
}

export function whyNotFinishRotation(secrets: readonly StoredSecret[], now: Date): NoRotation | null {
  return runningRotation(secrets, now) === null ? { code: 'no_rotation' } : null
}

export function whyNotUndoRotation(
  secrets: readonly StoredSecret[],
  now: Date,
): NoRotation | RotationInUse | null {
  const running = runningRotation(secrets, now)
  if (running === null) return { code: 'no_rotation' }
  const { lastUsedAt: usedAt } = running.next
  return usedAt === null ? null : { code: 'rotation_in_use', usedAt }
}

/** What bounds an overlap, besides the old secret itself. */
export interface OverlapBounds {
  readonly overlapSeconds: number
  /** The new secret's expiry: a holder whose new secret is over is over. */
  readonly nextExpiresAt: Date | null
  /** The policy's longest lifetime, counted from when the old secret was made; null: none. */
  readonly maxLifetimeSeconds: number | null
}

/** The end of an overlap: it outlives neither secret nor the policy. Not before now. */
export function overlapEnd(old: StoredSecret, bounds: OverlapBounds, now: Date): Date {
  const { overlapSeconds, nextExpiresAt, maxLifetimeSeconds } = bounds
  const latest = maxLifetimeSeconds === null ? null : addSeconds(old.createdAt, maxLifetimeSeconds)
  const end = [old.expiresAt, nextExpiresAt, latest].reduce<Date>(
    (sooner, bound) => (bound !== null && bound < sooner ? bound : sooner),
    addSeconds(now, overlapSeconds),
  )
  return end < now ? now : end
}

/** A fresh lifetime of the same length as the old secret's, to the end of time at most; none where it had none. */
export function successorExpiry(old: StoredSecret, now: Date): Date | null {
  return old.expiresAt === null
    ? null
    : momentAt(now.getTime() + old.expiresAt.getTime() - old.createdAt.getTime())
}

/** Whether nobody seems to need the old secret any more, and in which words to say so. */
export function adviceOf({ old, next }: Rotation, now: Date): { safeToFinish: boolean; advice: string } {
  if (next.lastUsedAt === null)
    return {
      safeToFinish: false,
      advice: 'The new secret has not been used yet. Deploy it, or undo the rotation.',
    }
  if (old.lastUsedAt === null || old.lastUsedAt <= addSeconds(now, -QUIET_SECONDS))
    return {
      safeToFinish: true,
      advice: 'The new secret is in use and the old one is quiet. It is safe to finish.',
    }
  return {
    safeToFinish: false,
    advice: `The old secret was used ${old.lastUsedAt.toISOString()} from ${old.lastUsedIp ?? 'an unknown address'}. Move that caller first.`,
  }
}
