import type { Secret } from '@doorward/sdk/kernel'
import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { unrotatedUntil } from '../owners/disabling.ts'
import { type AskedLifetime, nearestEnd } from '../owners/expiry.ts'
import { sharePolicies } from '../owners/policy.store.ts'
import type { Policy } from '../owners/policy.ts'
import { policyFor } from '../owners/policy-for.ts'
import { expiryOf, overlapOf, policyProblem } from '../owners/policy-problem.ts'
import { changeRotation, finishRotation, startRotation, undoRotation } from '../secrets/rotate-secret.ts'
import {
  currentSecret,
  DEFAULT_OVERLAP_SECONDS,
  runningRotation,
  successorExpiry,
} from '../secrets/secret.ts'
import type { KeySettings } from './create-key.ts'
import { lockKey, updateKey } from './key.store.ts'
import {
  type Key,
  type KeyRefusal,
  whyNotFinishKeyRotation,
  whyNotRotateKey,
  whyNotUndoKeyRotation,
} from './key.ts'
import { rotationRequired, unrotatedSince } from './key-dates.ts'
import { keyProblem } from './key-problem.ts'

export interface KeyRotationSettings extends AskedLifetime {
  /** Undefined: the usual one, within the policy. */
  readonly overlapSeconds: number | undefined
}

/**
 * Gives a key a second secret. Id, scopes, limits and history stay. The old secret works until the overlap ends: not after
 * its own expiry, the new secret's, or the policy's longest lifetime. The new one has a lifetime of its own.
 */
export async function rotateKey(
  tx: Tx,
  caller: Caller,
  { brand, policy: configured }: KeySettings,
  id: string,
  settings: KeyRotationSettings,
): Promise<Result<{ secret: Secret }, Problem>> {
  await sharePolicies(tx)
  const locked = await lockAllowed(tx, caller, id, whyNotRotateKey)
  if (!locked.ok) return locked
  const key = locked.value
  const { environment } = key
  const policy = await policyFor(tx, configured, environment, key.ownerId)
  const expiry = freshExpiry(key, settings, policy, caller.now)
  if (!expiry.ok) return expiry
  const overlap = overlapOf(settings.overlapSeconds, DEFAULT_OVERLAP_SECONDS, policy, caller.now)
  if (!overlap.ok) return overlap
  await updateKey(tx, key, { disable_unrotated_at: unrotatedUntil(policy, caller.now) })
  return await startRotation(tx, caller, key, 'key', {
    environment,
    brand,
    expiresAt: expiry.value,
    overlapSeconds: overlap.value,
    maxLifetimeSeconds: policy.maxLifetimeSeconds,
  })
}

export interface KeyRotationChange {
  readonly overlapSeconds: number | undefined
  readonly finishWhenSilentSeconds: number | null | undefined
}

/** Moves the end of a key's running rotation, or says after which silence it finishes by itself. */
export async function changeKeyRotation(
  tx: Tx,
  caller: Caller,
  { policy: configured }: KeySettings,
  id: string,
  change: KeyRotationChange,
): Promise<Result<string, Problem>> {
  await sharePolicies(tx)
  const locked = await lockAllowed(tx, caller, id, whyNotFinishKeyRotation)
  if (!locked.ok) return locked
  const key = locked.value
  const policy = await policyFor(tx, configured, key.environment, key.ownerId)
  const fault = whyNotMoveEnd(key, change.overlapSeconds, policy, caller.now)
  if (fault !== null) return no(fault)
  return await changeRotation(tx, caller, key, { ...change, maxLifetimeSeconds: policy.maxLifetimeSeconds })
}

/** An overlap that began under a laxer policy is never refused an earlier end. */
function whyNotMoveEnd(
  key: Key,
  overlapSeconds: number | undefined,
  policy: Policy,
  now: Date,
): Problem | null {
  const running = runningRotation(key.secrets, now)
  if (overlapSeconds === undefined || running === null) return null
  const endsAt = addSeconds(now, overlapSeconds)
  if (endsAt <= running.endsAt) return null
  return policyProblem(policy, { overlap: { startedAt: running.next.createdAt, endsAt } })
}

/** Ends the overlap now: only the new secret works. */
export async function finishKeyRotation(
  tx: Tx,
  caller: Caller,
  id: string,
): Promise<Result<string, Problem>> {
  const locked = await lockAllowed(tx, caller, id, whyNotFinishKeyRotation)
  return locked.ok ? await finishRotation(tx, caller, locked.value, 'key') : locked
}

/** Revokes the new secret while it is unused; the old one works as before, and its rotation is due as before. */
export async function undoKeyRotation(
  tx: Tx,
  caller: Caller,
  { policy: configured }: KeySettings,
  id: string,
): Promise<Result<string, Problem>> {
  await sharePolicies(tx)
  const locked = await lockAllowed(tx, caller, id, whyNotUndoKeyRotation)
  if (!locked.ok) return locked
  const key = locked.value
  const running = runningRotation(key.secrets, caller.now)
  const until = running === null ? null : await unrotatedSince(tx, configured, key, running.old.createdAt)
  if (until !== null && until <= caller.now) return no(rotationRequired(until))
  await updateKey(tx, key, { disable_unrotated_at: until })
  return await undoRotation(tx, caller, key, 'key')
}

/** The key, locked, if it is within reach and the rule allows the action. */
export async function lockAllowed(
  tx: Tx,
  caller: Caller,
  id: string,
  whyNot: (key: Key, now: Date) => KeyRefusal | null,
): Promise<Result<Key, Problem>> {
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  const why = whyNot(key, caller.now)
  return why === null ? yes(key) : no(keyProblem(why))
}

/** The requested expiry; by default a lifetime as long as the old secret's, within the policy. */
export function freshExpiry(
  key: Key,
  settings: AskedLifetime,
  policy: Policy,
  now: Date,
): Result<Date | null, Problem> {
  if (settings.expiresAt !== undefined || settings.lifetimeSeconds !== undefined)
    return expiryOf(settings, policy, now)
  return yes(nearestEnd(successorExpiry(currentSecret(key.secrets), now), policy, now))
}
