import { canonicalJson } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { type Caller, ownerOf } from '../management/caller.ts'
import { limitsForAudit, toLimitColumns } from '../owners/limits.wire.ts'
import { sharePolicies } from '../owners/policy.store.ts'
import type { ConfiguredPolicy } from '../owners/policy.ts'
import { policyFor } from '../owners/policy-for.ts'
import { expiryOf, policyProblem } from '../owners/policy-problem.ts'
import { noticeBefore } from '../secrets/noticed.ts'
import { lockSecretsOf, setSecretExpiry, shortenOverlap } from '../secrets/secret.store.ts'
import { currentSecret, runningRotation } from '../secrets/secret.ts'
import { lockKey, updateKey } from './key.store.ts'
import {
  asDisabledBy,
  isSooner,
  type Key,
  scopesItMayKeep,
  whyNotChangeExpiry,
  whyNotChangeKey,
  whyNotDisableKey,
  whyNotEnableKey,
  whyNotRevokeKey,
} from './key.ts'
import { freshDates, whyNotByDates } from './key-dates.ts'
import { keyProblem } from './key-problem.ts'
import { type Chosen, whyNotChoose } from './key-settings.ts'

export interface KeyUpdate extends Chosen {
  readonly name?: string | undefined
  readonly note?: string | null | undefined
  /** A new expiry. It cannot revive an expired key, and an old secret that still works ends no later. */
  readonly expiresAt?: Date | null | undefined
}

/**
 * Changes a key that is not revoked; one that is so already gets no audit event. `configured`: the policy where neither
 * owner nor environment has a rule.
 */
export async function changeKey(
  tx: Tx,
  caller: Caller,
  configured: ConfiguredPolicy,
  id: string,
  update: KeyUpdate,
  batch?: string,
): Promise<Result<string, Problem>> {
  await sharePolicies(tx)
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  const why = update.expiresAt === undefined ? whyNotChangeKey(key) : whyNotChangeExpiry(key, caller.now)
  if (why !== null) return no(keyProblem(why))
  const policy = await policyFor(tx, configured, key.environment, key.ownerId)
  const fault =
    (await whyNotChoose(tx, caller, update, scopesItMayKeep(key, caller.now), key.selfRotation)) ??
    policyProblem(policy, {
      ipAllowlist: update.ipAllowlist,
      addedScopes: (update.scopes ?? []).filter((scope) => !key.scopes.includes(scope)),
      isByOwner: ownerOf(caller.reach) !== null,
    })
  if (fault !== null) return no(fault)

  if (update.expiresAt !== undefined) {
    const current = currentSecret(key.secrets)
    // The longest lifetime counts from the secret's creation, so that repeated changes cannot extend it for ever. A
    // secret that is older than the policy may outlive it: ending it sooner is never refused.
    if (!isSooner(update.expiresAt, current.expiresAt)) {
      const within = expiryOf({ expiresAt: update.expiresAt }, policy, current.createdAt)
      if (!within.ok) return within
    }
    if (update.expiresAt !== null && update.expiresAt <= caller.now)
      return no(problem('expiry_in_past', 'To end a key now, revoke it.'))
    await lockSecretsOf(tx, [id])
    await setSecretExpiry(tx, id, current.id, update.expiresAt)
    const running = runningRotation(key.secrets, caller.now)
    if (running !== null && update.expiresAt !== null)
      await shortenOverlap(tx, id, running.old.id, update.expiresAt)
  }
  const { name, scopes, ipAllowlist, metadata, selfRotation, note } = update
  const autoRotateAfterDays = autoRotationBy(update, key)
  const former = scopes === undefined || isSameSet(scopes, key.scopes) ? null : [...key.scopes]
  const change = {
    ...(name === undefined ? {} : { name }),
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
    ...(ipAllowlist === undefined ? {} : { ip_allowlist: ipAllowlist === null ? null : [...ipAllowlist] }),
    ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
    ...(selfRotation === undefined ? {} : { self_rotation: selfRotation }),
    ...(autoRotateAfterDays === undefined ? {} : { auto_rotate_after_days: autoRotateAfterDays }),
    ...(note === undefined ? {} : { note }),
    ...toLimitColumns(update),
  }
  if (isUnchanged(key, update, former !== null, caller.now)) return yes(id)
  const undoable = former === null ? {} : { former_scopes: former, scopes_changed_at: caller.now }
  const dates = update.ipAllowlist == null ? {} : { disable_unlisted_at: null }
  if (Object.keys(change).length > 0) await updateKey(tx, key, { ...change, ...undoable, ...dates })
  await record(tx, caller, {
    action: 'key.changed',
    target: key,
    detail: {
      ...change,
      ...(metadata === undefined ? {} : { metadata: 'changed' }),
      ...(former === null ? {} : { scopes_before: former }),
      ...(note === undefined ? {} : { note_before: key.note }),
      ...limitsForAudit(update),
      ...(update.expiresAt === undefined ? {} : { expires_at: update.expiresAt?.toISOString() ?? null }),
      ...ofBatch(batch),
    },
    altersVerdictsOf: { holderId: id },
  })
  return yes(id)
}

/** A key that may not rotate itself any more is not asked to. */
function autoRotationBy(
  { selfRotation, autoRotateAfterDays }: KeyUpdate,
  key: Key,
): number | null | undefined {
  return selfRotation === false && key.autoRotateAfterDays !== null ? null : autoRotateAfterDays
}

/** True where a key is as the update wants it: nothing is recorded, and no verifier asks for it again. */
function isUnchanged(key: Key, update: KeyUpdate, changesScopes: boolean, now: Date): boolean {
  const { name, ipAllowlist, metadata, selfRotation, note, rateLimits, quota, expiresAt } = update
  const asked: readonly (readonly [asked: unknown, is: unknown])[] = [
    [name, key.name],
    [ipAllowlist, key.ipAllowlist],
    [metadata, key.metadata],
    [selfRotation, key.selfRotation],
    [update.autoRotateAfterDays, key.autoRotateAfterDays],
    [note, key.note],
    [rateLimits, key.limits.rateLimits],
    [quota, key.limits.quota],
    [expiresAt, currentSecret(key.secrets).expiresAt],
  ]
  // A new expiry may end the overlap of a rotation too.
  if (changesScopes || (expiresAt !== undefined && runningRotation(key.secrets, now) !== null)) return false
  return asked.every(([wanted, is]) => wanted === undefined || canonicalJson(wanted) === canonicalJson(is))
}

/** Disables a key until it is enabled again. Idempotent. */
export async function disableKey(
  tx: Tx,
  caller: Caller,
  id: string,
  batch?: string,
): Promise<Result<string, Problem>> {
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  const why = whyNotDisableKey(key)
  if (why?.code === 'already_disabled') return yes(id)
  if (why !== null) return no(keyProblem(why))
  await updateKey(tx, key, { disabled_at: caller.now })
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'key.disabled', target: key, detail: ofBatch(batch), altersVerdictsOf })
  return yes(id)
}

/**
 * Enables a disabled key, unless a rule would have disabled it by now: a key whose rotation is overdue is rotated before,
 * and one without a required allow-list is given one. Unused since long, it has its days again.
 */
export async function enableKey(
  tx: Tx,
  caller: Caller,
  configured: ConfiguredPolicy,
  id: string,
  batch?: string,
): Promise<Result<string, Problem>> {
  await sharePolicies(tx)
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  const why = whyNotEnableKey(asDisabledBy(caller.now, key))
  if (why?.code === 'not_disabled') return yes(id)
  if (why !== null) return no(keyProblem(why))
  const dates = await freshDates(tx, configured, key)
  const fault = whyNotByDates(dates, caller.now)
  if (fault !== null) return no(fault)
  await updateKey(tx, key, { disabled_at: null, disabled_by: null, ...dates })
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'key.enabled', target: key, detail: ofBatch(batch), altersVerdictsOf })
  return yes(id)
}

/** Revokes a key for good, with all its secrets. Idempotent; the first reason is kept. */
export async function revokeKey(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
  batch?: string,
): Promise<Result<string, Problem>> {
  const key = await lockKey(tx, caller.reach, id)
  if (key === undefined) return no(NOT_FOUND)
  if (whyNotRevokeKey(key) !== null) return yes(id)
  const noticed = await noticeBefore(tx, id, ENDS_BY_REVOCATION, caller.now)
  await updateKey(tx, key, { revoked_at: caller.now, revoked_reason: reason })
  const ended = { reason: 'revoked', at: caller.now } as const
  await record(tx, caller, {
    action: 'key.revoked',
    target: key,
    detail: { reason, ...ofBatch(batch), ...noticed },
    altersVerdictsOf: { holderId: id, ended },
  })
  return yes(id)
}

/** Causes of notices whose end a revocation comes before. */
const ENDS_BY_REVOCATION = ['expires', 'rotation_due', 'idle', 'no_allow_list']

/** Names the bulk change that an event is a part of. */
function ofBatch(batch: string | undefined): { readonly batch?: string } {
  return batch === undefined ? {} : { batch }
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return new Set(some).symmetricDifference(new Set(others)).size === 0
}
