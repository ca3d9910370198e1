import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { expiryOf } from '../owners/expiry.ts'
import { limitsForAudit, toLimitColumns } from '../owners/limits.wire.ts'
import type { Policy } from '../owners/policy.ts'
import { policyFor } from '../owners/policy-for.ts'
import { setSecretExpiry, shortenOverlap } from '../secrets/secret.store.ts'
import { currentSecret, runningRotation } from '../secrets/secret.ts'
import { lockKey, updateKey } from './key.store.ts'
import {
  whyNotChangeExpiry,
  whyNotChangeKey,
  whyNotDisableKey,
  whyNotEnableKey,
  whyNotRevokeKey,
} from './key.ts'
import { keyProblem } from './key-problem.ts'
import { type Chosen, whyNotChoose } from './key-settings.ts'

export interface KeyUpdate extends Chosen {
  readonly name?: string | undefined
  readonly selfRotation?: boolean | undefined
  /** A new expiry. It cannot revive an expired key, and an old secret that still works ends no later. */
  readonly expiresAt?: Date | null | undefined
}

/** Changes a key that is not revoked. `configured`: the policy of owners without one of their own. */
export async function changeKey(
  tx: Tx,
  caller: Caller,
  configured: Policy,
  id: string,
  update: KeyUpdate,
): Promise<Result<string, Problem>> {
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  const why = update.expiresAt === undefined ? whyNotChangeKey(key) : whyNotChangeExpiry(key, caller.now)
  if (why !== null) return no(keyProblem(why))
  const fault = await whyNotChoose(tx, caller, update, key.scopes)
  if (fault !== null) return no(fault)

  if (update.expiresAt !== undefined) {
    const current = currentSecret(key.secrets)
    // The longest lifetime counts from the secret's creation, so that repeated changes cannot extend it for ever.
    const policy = await policyFor(tx, configured, key.ownerId)
    const within = expiryOf({ expiresAt: update.expiresAt }, policy, current.createdAt)
    if (!within.ok) return within
    if (update.expiresAt !== null && update.expiresAt <= caller.now)
      return no(problem('expiry_in_past', 'To end a key now, revoke it.'))
    await setSecretExpiry(tx, id, current.id, update.expiresAt)
    const running = runningRotation(key.secrets, caller.now)
    if (running !== null && update.expiresAt !== null)
      await shortenOverlap(tx, id, running.old.id, update.expiresAt)
  }
  const { name, scopes, ipAllowlist, metadata, selfRotation } = update
  const change = {
    ...(name === undefined ? {} : { name }),
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(ipAllowlist === undefined ? {} : { ip_allowlist: ipAllowlist === null ? null : [...ipAllowlist] }),
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
    ...(selfRotation === undefined ? {} : { self_rotation: selfRotation }),
    ...toLimitColumns(update),
  }
  if (Object.keys(change).length > 0) await updateKey(tx, key, change)
  await record(tx, caller, {
    action: 'key.changed',
    target: key,
    detail: {
      ...change,
      ...(metadata === undefined ? {} : { metadata: 'changed' }),
      ...limitsForAudit(update),
      ...(update.expiresAt === undefined ? {} : { expires_at: update.expiresAt?.toISOString() ?? null }),
    },
    altersVerdictsOf: { holderId: id },
  })
  return yes(id)
}

/** Disables a key until it is enabled again. Idempotent. */
export async function disableKey(tx: Tx, caller: Caller, id: string): Promise<Result<string, Problem>> {
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  const why = whyNotDisableKey(key)
  if (why?.code === 'already_disabled') return yes(id)
  if (why !== null) return no(keyProblem(why))
  await updateKey(tx, key, { disabled_at: caller.now })
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'key.disabled', target: key, altersVerdictsOf })
  return yes(id)
}

export async function enableKey(tx: Tx, caller: Caller, id: string): Promise<Result<string, Problem>> {
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  const why = whyNotEnableKey(key)
  if (why?.code === 'not_disabled') return yes(id)
  if (why !== null) return no(keyProblem(why))
  await updateKey(tx, key, { disabled_at: null })
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'key.enabled', target: key, altersVerdictsOf })
  return yes(id)
}

/** Revokes a key for good, with all its secrets. Idempotent; the first reason is kept. */
export async function revokeKey(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<string, Problem>> {
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  if (whyNotRevokeKey(key) !== null) return yes(id)
  await updateKey(tx, key, { revoked_at: caller.now, revoked_reason: reason })
  const ended = { reason: 'revoked', at: caller.now } as const
  await record(tx, caller, {
    action: 'key.revoked',
    target: key,
    detail: { reason },
    altersVerdictsOf: { holderId: id, ended },
  })
  return yes(id)
}
