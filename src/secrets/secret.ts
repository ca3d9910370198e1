import { endedBy } from '@doorward/sdk/rules'
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

/** Whether a secret by itself still works; what holds it may be disabled or revoked all the same. */
export function isLive(secret: StoredSecret, now: Date): boolean {
  return endedBy({ ...secret, ownerSuspendedAt: null, disabledAt: null }, now.getTime()) === null
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
