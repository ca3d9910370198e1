import { canonicalJson } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { type Caller, ownerOf } from '../management/caller.ts'
import { type ChosenLimits, whyNotLimits, whyNotPolicy } from './check-limits.ts'
import { limitsForAudit, toLimitColumns } from './limits.wire.ts'
import { lockOwner, setOwner } from './owner.store.ts'
import { type Owner, whyNotResumeOwner, whyNotSuspendOwner } from './owner.ts'
import { findPolicies, sharePolicies } from './policy.store.ts'
import { type ChosenPolicy, type ConfiguredPolicy, policyOf } from './policy.ts'
import { toOwnPolicyFields } from './policy.wire.ts'
import {
  countOverlong,
  environmentsOfOwner,
  holdHoldersOf,
  type LongestLife,
  type Reached,
} from './secret-lives.store.ts'
import { shortenLives } from './shorten-lives.ts'

export interface OwnerChange extends ChosenLimits, ChosenPolicy {
  readonly name?: string | null | undefined
  readonly noticeContacts?: readonly string[] | undefined
  /** Changes nothing, and returns what a change would do. */
  readonly dryRun: boolean
}

/** An owner after a change, or as it would be, and the effect on existing secrets. */
export interface ChangedOwner extends Reached {
  readonly owner: Owner
}

/**
 * Changes an owner. A new longest lifetime applies to existing secrets; so does going back to an environment's policy that
 * is stricter than the owner's own. Neither extends a lifetime. Where nothing changes, nothing is
 * recorded.
 */
export async function changeOwner(
  tx: Tx,
  caller: Caller,
  configured: ConfiguredPolicy,
  id: string,
  change: OwnerChange,
): Promise<Result<ChangedOwner, Problem>> {
  await sharePolicies(tx)
  const owner = await lockOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  const fault = whyNotLimits(change, caller) ?? whyNotPolicy(change, caller)
  if (fault !== null) return no(fault)
  const changed = withChange(owner, change)
  const lives = isLifetimeSet(owner, change) ? await longestLives(tx, configured, changed, caller.now) : []
  if (change.dryRun) {
    const reached = { shortened: 0, ended: 0 }
    for (const longest of lives) {
      const { shortened, ended } = await countOverlong(tx, longest)
      reached.shortened += shortened
      reached.ended += ended
    }
    return yes({ owner: changed, ...reached })
  }
  if (lives.length > 0) await holdHoldersOf(tx, id)
  const { secretIds, ...reached } = await shortenLives(tx, ...lives)

  if (secretIds.length === 0 && canonicalJson(changed) === canonicalJson(owner))
    return yes({ owner, ...reached })
  const { name, noticeContacts } = changed
  const policy = toOwnPolicyFields(change)
  await setOwner(tx, caller.reach, id, {
    name,
    notice_contacts: [...noticeContacts],
    ...toLimitColumns(change),
    ...policy,
  })
  // Verifiers know the limits and the expiry of secrets. An announcement makes each ask for many records again.
  const isLimitsChanged = canonicalJson(changed.limits) !== canonicalJson(owner.limits)
  await record(tx, caller, {
    action: 'owner.changed',
    target: { id, ownerId: id },
    detail: {
      name,
      notice_contacts: [...noticeContacts],
      ...limitsForAudit(change),
      ...policy,
      ...(lives.length === 0 ? {} : { secrets_shortened: reached.shortened, secrets_ended: reached.ended }),
    },
    altersVerdictsOf: [
      ...(secretIds.length === 0 ? [] : [{ secretIds }]),
      ...(isLimitsChanged ? [{ ownerId: id }] : []),
    ],
  })
  return yes({ owner: changed, ...reached })
}

function withChange(owner: Owner, change: OwnerChange): Owner {
  const { name = owner.name, noticeContacts = owner.noticeContacts } = change
  const { rateLimits = owner.limits.rateLimits, quota = owner.limits.quota } = change
  const { maxLifetimeSeconds = owner.policy.maxLifetimeSeconds, maxKeys = owner.policy.maxKeys } = change
  return {
    ...owner,
    name,
    noticeContacts,
    limits: { rateLimits, quota },
    policy: { maxLifetimeSeconds, maxKeys },
  }
}

/** True where a change sets or lifts the owner's own longest lifetime. */
function isLifetimeSet({ policy }: Owner, { maxLifetimeSeconds: asked }: OwnerChange): boolean {
  return asked !== undefined && (asked !== null || policy.maxLifetimeSeconds !== null)
}

/** The lifetimes to which the owner's secrets are limited: by its own policy, or by each environment's. */
async function longestLives(
  tx: Tx,
  configured: ConfiguredPolicy,
  { id: ownerId, policy: own }: Owner,
  now: Date,
): Promise<LongestLife[]> {
  const common = { notBefore: null, now }
  if (own.maxLifetimeSeconds !== null) {
    const { maxLifetimeSeconds } = own
    return [{ ...common, of: { ownerId, environment: null }, maxLifetimeSeconds }]
  }
  const stored = await findPolicies(tx)
  return (await environmentsOfOwner(tx, ownerId)).flatMap((environment) => {
    const { maxLifetimeSeconds } = policyOf(configured, environment, stored.get(environment)?.rules, own)
    if (maxLifetimeSeconds === null) return []
    return [{ ...common, of: { ownerId, environment }, maxLifetimeSeconds }]
  })
}

/** Suspends all of an owner's credentials at once, until it is resumed. Idempotent. */
export async function suspendOwner(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<Owner, Problem>> {
  const owner = await lockOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  if (whyNotSuspendOwner(owner) !== null) return yes(owner)
  await setOwner(tx, caller.reach, id, { suspended_at: caller.now, suspended_reason: reason })
  await record(tx, caller, {
    action: 'owner.suspended',
    target: { id, ownerId: id },
    detail: { reason },
    altersVerdictsOf: { ownerId: id },
  })
  return yes({ ...owner, suspendedAt: caller.now, suspendedReason: reason })
}

/**
 * Resumes an owner: its credentials work again, unless they ended meanwhile. An admin key that is bound to the owner is
 * suspended with it, so its request can only have overtaken the suspension.
 */
export async function resumeOwner(tx: Tx, caller: Caller, id: string): Promise<Result<Owner, Problem>> {
  const owner = await lockOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  const why = whyNotResumeOwner(owner, ownerOf(caller.reach) === null)
  if (why?.code === 'not_suspended') return yes(owner)
  if (why !== null) return no(problem(why.code, 'Only an admin key for all owners can resume an owner.'))
  await setOwner(tx, caller.reach, id, { suspended_at: null, suspended_reason: null })
  await record(tx, caller, {
    action: 'owner.resumed',
    target: { id, ownerId: id },
    altersVerdictsOf: { ownerId: id },
  })
  return yes({ ...owner, suspendedAt: null, suspendedReason: null })
}
