import { type Ended, endedBy } from '@doorward/sdk/rules'
import { addSeconds } from '../base/clock.ts'
import { momentAt } from '../base/moment.ts'

/** A secret as it is stored: only its hash. Its holder is a key, an admin key or a client. */
export interface StoredSecret {
  readonly id: string
  readonly holderId: string
  readonly hint: string
  readonly createdAt: Date
  readonly expiresAt: Date | null
  /** The end of the overlap, once there is a successor. */
  readonly retiresAt: Date | null
  /** Set when the overlap was ended early: an act, which counts by every clock (ADR 5). */
  readonly retiredAt: Date | null
  /** Of an old secret: the rotation finishes by itself once it has been silent for so long; null: it does not. */
  readonly finishWhenSilentSeconds: number | null
  readonly revokedAt: Date | null
  readonly lastUsedAt: Date | null
  readonly lastUsedIp: string | null
  readonly lastUsedUserAgent: string | null
  /** First seen where no secret belongs, such as in a URL. */
  readonly exposedAt: Date | null
}

/** Two secrets that both work, until only the new one does. */
export interface Rotation {
  readonly old: StoredSecret
  readonly next: StoredSecret
  readonly endsAt: Date
}

/** Default and longest overlap of a rotation. */
export const DEFAULT_OVERLAP_SECONDS = 24 * 3600
export const MAX_OVERLAP_SECONDS = 90 * 24 * 3600

/** The old secret must be unused for this long before finishing is called safe, and before a rotation finishes by itself. */
export const QUIET_SECONDS = 3600

/** The last use of a secret is stored at most this often: the true one can be as much later. */
export const USE_STORED_EVERY_SECONDS = 60

/** End of a secret with its reason and time, or null. Its holder may be disabled or revoked all the same. */
export function endOf(secret: StoredSecret, now: Date): Ended | null {
  return endedBy({ ...secret, ownerSuspendedAt: null, disabledAt: null }, now.getTime())
}

export function isLive(secret: StoredSecret, now: Date): boolean {
  return endOf(secret, now) === null
}

/** The one secret of a holder that is neither revoked nor being replaced. */
export function currentSecret(secrets: readonly StoredSecret[]): StoredSecret {
  const current = secrets.find((secret) => secret.revokedAt === null && secret.retiresAt === null)
  if (current === undefined) throw new Error('a holder has no current secret')
  return current
}

/** True if any secret still works: a holder is expired only if none does. */
export function hasLiveSecret(secrets: readonly StoredSecret[], now: Date): boolean {
  return secrets.some((secret) => isLive(secret, now))
}

/** The running rotation, or null. It runs for as long as the old secret works, so that it can be finished. */
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

/** Bounds of an overlap, besides the expiry of the old secret. */
export interface OverlapBounds {
  readonly overlapSeconds: number
  /** Expiry of the new secret: with it the holder expires. */
  readonly nextExpiresAt: Date | null
  /** Longest lifetime by the policy, from the old secret's creation; null: without a limit. */
  readonly maxLifetimeSeconds: number | null
}

/** The end of an overlap: not after the end of either secret, nor of the policy's lifetime, and not before now. */
export function overlapEnd(old: StoredSecret, bounds: OverlapBounds, now: Date): Date {
  const { overlapSeconds, nextExpiresAt, maxLifetimeSeconds } = bounds
  const latest = maxLifetimeSeconds === null ? null : addSeconds(old.createdAt, maxLifetimeSeconds)
  const end = [old.expiresAt, nextExpiresAt, latest].reduce<Date>(
    (sooner, bound) => (bound !== null && bound < sooner ? bound : sooner),
    addSeconds(now, overlapSeconds),
  )
  return end < now ? now : end
}

/** The end of a running overlap, moved: within the same bounds, and at most the longest overlap since its start. */
export function movedEnd({ old, next }: Rotation, bounds: OverlapBounds, now: Date): Date {
  const end = overlapEnd(old, bounds, now)
  const longest = addSeconds(next.createdAt, MAX_OVERLAP_SECONDS)
  return end < longest ? end : longest
}

/**
 * True where a rotation finishes by itself: its old secret has been silent for as long as was asked. A use of the new one
 * since shows that its callers have moved, and that uses are reported at all.
 */
export function finishesBySilence({ old, next }: Rotation, now: Date): boolean {
  const { finishWhenSilentSeconds: seconds } = old
  if (seconds === null || next.lastUsedAt === null) return false
  const silentSince =
    old.lastUsedAt !== null && old.lastUsedAt > next.createdAt ? old.lastUsedAt : next.createdAt
  return next.lastUsedAt > silentSince && silentSince <= addSeconds(now, -seconds)
}

/** A new lifetime as long as the old secret's, within the years that moments can have; null if it had none. */
export function successorExpiry(old: StoredSecret, now: Date): Date | null {
  return old.expiresAt === null
    ? null
    : momentAt(now.getTime() + old.expiresAt.getTime() - old.createdAt.getTime())
}

/** Why ending the old secret of a rotation would hurt: it was used within the last hour. */
export interface OldSecretInUse {
  readonly code: 'old_secret_in_use'
  readonly usedAt: Date
}

/** Counts the last use as late as it can have been. */
export function whyNotQuiet({ lastUsedAt }: StoredSecret, now: Date): OldSecretInUse | null {
  const since = addSeconds(now, -QUIET_SECONDS - USE_STORED_EVERY_SECONDS)
  if (lastUsedAt === null || lastUsedAt <= since) return null
  return { code: 'old_secret_in_use', usedAt: lastUsedAt }
}

/** Verdict on finishing a rotation, with the evidence. */
export type RotationVerdict =
  | { readonly code: 'new_secret_unused' | 'old_secret_never_used' }
  | { readonly code: 'old_secret_quiet'; readonly usedAt: Date }
  | OldSecretInUse

export function verdictOn({ old, next }: Rotation, now: Date): RotationVerdict {
  if (next.lastUsedAt === null) return { code: 'new_secret_unused' }
  const { lastUsedAt: usedAt } = old
  const inUse = whyNotQuiet(old, now)
  if (inUse !== null) return inUse
  return usedAt === null ? { code: 'old_secret_never_used' } : { code: 'old_secret_quiet', usedAt }
}

export function isSafeToFinish({ code }: RotationVerdict): boolean {
  return code === 'old_secret_quiet' || code === 'old_secret_never_used'
}

/** Advice to an operator: finish the rotation only when the old secret is no longer in use. */
export function adviceOf(rotation: Rotation, now: Date): string {
  const verdict = verdictOn(rotation, now)
  switch (verdict.code) {
    case 'new_secret_unused':
      return 'The new secret has not been used yet. Deploy it, or undo the rotation.'
    case 'old_secret_in_use':
      return `The old secret was used ${verdict.usedAt.toISOString()} from ${rotation.old.lastUsedIp ?? 'an unknown address'}. Move that caller first.`
    case 'old_secret_quiet':
      return `The new secret is in use, and the old one has not been used for ${hoursSince(verdict.usedAt, now)}. It is safe to finish.`
    case 'old_secret_never_used':
      return 'The new secret is in use, and no use of the old one is known. It is safe to finish.'
  }
}

/** Whole hours, and days where they are many. */
function hoursSince(at: Date, now: Date): string {
  const hours = Math.floor((now.getTime() - at.getTime()) / 3_600_000)
  if (hours >= 72) return `${Math.floor(hours / 24)} days`
  return hours === 1 ? '1 hour' : `${hours} hours`
}
