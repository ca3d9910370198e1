import { addSeconds, earlier } from '../base/clock.ts'
import { currentSecret, type StoredSecret } from '../secrets/secret.ts'
import { rotationDueAt } from './disabling.ts'

/** The settings of a key on which the time of its own rotation depends. */
export interface AutoRotated {
  /** Days after which its own program rotates it; null: none does. */
  readonly autoRotateAfterDays: number | null
  readonly disableUnrotatedAt: Date | null
}

const DAY_SECONDS = 86_400

/** The part of its life after which a secret is rotated at the latest: the rest is for a program that fails at first. */
const LATEST_PART = 2 / 3

/** A program that has not rotated its key for so long is not expected to: its people are told. */
const PATIENCE_SECONDS = DAY_SECONDS

/**
 * The moment at which the key's own program is to rotate it; null: none is. It is the earliest of the days asked for, two
 * thirds of the secret's life, and the day on which the policy's rotation is due.
 */
export function autoRotationAt(
  { autoRotateAfterDays: days, disableUnrotatedAt }: AutoRotated,
  secrets: readonly StoredSecret[],
): Date | null {
  if (days === null) return null
  const { createdAt, expiresAt } = currentSecret(secrets)
  const byLife =
    expiresAt === null
      ? null
      : addSeconds(createdAt, ((expiresAt.getTime() - createdAt.getTime()) / 1000) * LATEST_PART)
  const byRule = disableUnrotatedAt === null ? null : rotationDueAt(disableUnrotatedAt)
  return earlier(earlier(addSeconds(createdAt, days * DAY_SECONDS), byLife), byRule)
}

/** True where the key's own program should have rotated it more than a day ago. */
export function isAutoRotationOverdue(
  key: AutoRotated,
  secrets: readonly StoredSecret[],
  now: Date,
): boolean {
  const at = autoRotationAt(key, secrets)
  return at !== null && now >= addSeconds(at, PATIENCE_SECONDS)
}
