import { endedBy } from '@doorward/sdk/kernel'
import { addSeconds, earlier } from '../base/clock.ts'

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

/** The rotation that runs, or null: the old secret retires later, and the new one lives. */
export function runningRotation(secrets: readonly StoredSecret[], now: Date): Rotation | null {
  const old = secrets.find((secret) => secret.retiresAt !== null && isLive(secret, now))
  const next = currentSecret(secrets)
  if (old?.retiresAt == null || !isLive(next, now)) return null
  return { old, next, endsAt: old.retiresAt }
}

/** The overlap never outlives the old secret. */
export function overlapEnd(old: StoredSecret, overlapSeconds: number, now: Date): Date {
  return earlier(addSeconds(now, overlapSeconds), old.expiresAt) ?? now
}

/** A fresh lifetime of the same length as the old secret's; none where it had none. */
export function successorExpiry(old: StoredSecret, now: Date): Date | null {
  return old.expiresAt === null
    ? null
    : new Date(now.getTime() + old.expiresAt.getTime() - old.createdAt.getTime())
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
