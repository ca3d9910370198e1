import { canonicalJson } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { type ChosenLimits, whyNotLimits, whyNotPolicy } from './check-limits.ts'
import { limitsForAudit, toLimitColumns } from './limits.wire.ts'
import { lockOwner, setOwner } from './owner.store.ts'
import { type Owner, whyNotResumeOwner, whyNotSuspendOwner } from './owner.ts'
import { type ChosenPolicy, type Policy, withOwn } from './policy.ts'
import { toOwnPolicyFields } from './policy.wire.ts'
import { countOverlong, type LongestLife, type Reached } from './secret-lives.store.ts'
import { shortenLives } from './shorten-lives.ts'

export interface OwnerChange extends ChosenLimits, ChosenPolicy {
  readonly name?: string | null | undefined
  readonly noticeEmail?: string | null | undefined
  /** Change nothing, and say what would be. */
  readonly dryRun: boolean
}

/** An owner as it is after a change, or would be, and what became of secrets that existed. */
export interface ChangedOwner extends Reached {
  readonly owner: Owner
}

/**
 * Changes what is known of an owner. A longest lifetime that is set reaches the secrets that exist; so does going back to
 * a configuration that is stricter than what was set. Neither lengthens a life.
 */
export async function changeOwner(
  tx: Tx,
  caller: Caller,
  configured: Policy,
  id: string,
  change: OwnerChange,
): Promise<Result<ChangedOwner, Problem>> {
  const owner = await lockOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  const fault = whyNotLimits(change, caller) ?? whyNotPolicy(change, caller)
  if (fault !== null) return no(fault)
  const changed = withChange(owner, change)
  const longest = longestToReach(owner, change, withOwn(configured, changed.policy), caller.now)
  if (change.dryRun) {
    const reached = longest === null ? NONE_REACHED : await countOverlong(tx, longest)
    return yes({ owner: changed, ...reached })
  }
  const { secretIds, ...reached } =
    longest === null ? { ...NONE_REACHED, secretIds: [] } : await shortenLives(tx, longest)

  const { name, noticeEmail } = changed
  const policy = toOwnPolicyFields(change)
  await setOwner(tx, caller.reach, id, {
    name,
    notice_email: noticeEmail,
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
      notice_email: noticeEmail,
      ...limitsForAudit(change),
      ...policy,
      ...(longest === null ? {} : { secrets_shortened: reached.shortened, secrets_ended: reached.ended }),
    },
    altersVerdictsOf: [
      ...(secretIds.length === 0 ? [] : [{ secretIds }]),
      ...(isLimitsChanged ? [{ ownerId: id }] : []),
    ],
  })
  return yes({ owner: changed, ...reached })
}

const NONE_REACHED: Reached = { shortened: 0, ended: 0 }

function withChange(owner: Owner, change: OwnerChange): Owner {
  const { name = owner.name, noticeEmail = owner.noticeEmail } = change
  const { rateLimits = owner.limits.rateLimits, quota = owner.limits.quota } = change
  const { maxLifetimeSeconds = owner.policy.maxLifetimeSeconds, maxKeys = owner.policy.maxKeys } = change
  return {
    ...owner,
    name,
    noticeEmail,
    limits: { rateLimits, quota },
    policy: { maxLifetimeSeconds, maxKeys },
  }
}

/** What secrets that exist are held to by a change; null where it says nothing of how long they may live. */
function longestToReach(
  owner: Owner,
  { maxLifetimeSeconds: asked }: OwnerChange,
  { maxLifetimeSeconds }: Policy,
  now: Date,
): LongestLife | null {
  const isSaid = asked !== undefined && (asked !== null || owner.policy.maxLifetimeSeconds !== null)
  return isSaid && maxLifetimeSeconds !== null ? { ownerId: owner.id, maxLifetimeSeconds, now } : null
}

/** Ends all of an owner's credentials at once, until it is resumed. Suspending twice is no fault. */
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
 * Lets an owner's credentials work again: those that were not ended by themselves meanwhile. An admin key that is bound to
 * the owner is suspended with it, so its request can only have overtaken the suspension.
 */
export async function resumeOwner(tx: Tx, caller: Caller, id: string): Promise<Result<Owner, Problem>> {
  const owner = await lockOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  const why = whyNotResumeOwner(owner, caller.reach === 'every_owner')
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
