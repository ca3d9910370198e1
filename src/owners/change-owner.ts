import { canonicalJson } from '../audit/audit-event.ts'
import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { type Caller, ownerOf } from '../management/caller.ts'
import { type ChosenLimits, whyNotLimits, whyNotPolicy } from './check-limits.ts'
import { dateOwnKeys, datesOwnKeys, foreseeOwnDates, ownFloors } from './date-owner.ts'
import { noticeSecondsOf } from './disabling.ts'
import type { DisablingForeseen } from './disabling-effect.store.ts'
import { limitsForAudit, toLimitColumns } from './limits.wire.ts'
import { lockOwner, setOwner, toOwnRuleColumns } from './owner.store.ts'
import { type Owner, whyNotResumeOwner, whyNotSuspendOwner } from './owner.ts'
import { findPolicies, type StoredPolicy, sharePolicies } from './policy.store.ts'
import {
  type ChosenPolicy,
  type ConfiguredPolicy,
  contradictionIn,
  type OwnPolicy,
  ofEachRule,
  type Policy,
  policyOf,
} from './policy.ts'
import { toOwnRuleFields } from './policy-fields.ts'
import { policyWithFloors } from './policy-for.ts'
import { CONTRADICTIONS } from './policy-problem.ts'
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
  /** Existing secrets that are too old end at once, and keys that do not comply are disabled at once. */
  readonly applyAtOnce: boolean
}

/** An owner after a change, or as it would be, and the effect on existing secrets. */
export interface ChangedOwner extends Reached {
  readonly owner: Owner
  /** Of a dry run. */
  readonly disabling: readonly DisablingForeseen[]
}

/**
 * Changes an owner. A new longest lifetime applies to existing secrets, and a rule that disables keys at a date gives one to
 * existing keys; so does going back to an environment's policy that is stricter than the owner's own. Neither extends a
 * lifetime. Where nothing changes, nothing is recorded.
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
  const chosen = ofEachRule((name) => change[name]) as ChosenPolicy
  const fault = whyNotLimits(change, caller) ?? whyNotPolicy(chosen, caller)
  if (fault !== null) return no(fault)
  const policy = ofEachRule((name) => (chosen[name] === undefined ? owner.policy[name] : chosen[name]))
  const own = policy as unknown as OwnPolicy
  const contradiction = contradictionIn({ ...own, neverExpiresAllowed: own.neverExpiresAllowed ?? true })
  if (contradiction !== null) return no(problem('policy_contradicts', CONTRADICTIONS[contradiction]))

  const { now } = caller
  const isDated = datesOwnKeys({ owner, chosen })
  const reaches = isDated || isLifetimeSet(owner, chosen)
  const stored = reaches ? await findPolicies(tx) : new Map<string, StoredPolicy>()
  const environments = reaches ? await environmentsOfOwner(tx, id) : []
  const tiers = environments.map(
    (each) => policyOf(configured, each, stored.get(each)?.rules, own).noticeTiers,
  )
  const notBefore = change.applyAtOnce ? null : addSeconds(now, noticeSecondsOf(tiers))
  const isAtOnce = change.applyAtOnce
  const dating = { owner, chosen, floor: notBefore ?? now, isAtOnce, now }
  const changed = { ...withChange(owner, change), policy: own, floors: ownFloors(dating) }
  const policies = environments.map((each) => policyWithFloors(configured, each, stored.get(each), changed))
  const lives = isLifetimeSet(owner, chosen) ? longestLives(changed, policies, { notBefore, now }) : []
  if (change.dryRun) {
    const reached = { shortened: 0, ended: 0 }
    for (const longest of lives) {
      const { shortened, ended } = await countOverlong(tx, longest)
      reached.shortened += shortened
      reached.ended += ended
    }
    return yes({ owner: changed, ...reached, disabling: await foreseeOwnDates(tx, dating, policies) })
  }
  if (reaches) await holdHoldersOf(tx, id)
  const { secretIds: shortened, ...reached } = await shortenLives(tx, ...lives)
  const dated = isDated ? await dateOwnKeys(tx, id, policies, now) : { keys: 0, secretIds: [] }
  const secretIds = [...new Set([...shortened, ...dated.secretIds])]

  if (secretIds.length === 0 && canonicalJson(changed) === canonicalJson(owner))
    return yes({ owner, ...reached, disabling: [] })
  const { name, noticeContacts, floors } = changed
  const fields = toOwnRuleFields(chosen)
  await setOwner(tx, caller.reach, id, {
    name,
    notice_contacts: [...noticeContacts],
    ...toLimitColumns(change),
    ...toOwnRuleColumns(chosen),
    unrotated_not_before: floors.unrotatedNotBefore,
    unlisted_not_before: floors.unlistedNotBefore,
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
      ...fields,
      ...(lives.length === 0 ? {} : { secrets_shortened: reached.shortened, secrets_ended: reached.ended }),
      ...(isDated ? { keys_dated: dated.keys } : {}),
      ...(reaches && isAtOnce ? { at_once: true } : {}),
    },
    altersVerdictsOf: [
      ...(secretIds.length === 0 ? [] : [{ secretIds }]),
      ...(isLimitsChanged ? [{ ownerId: id }] : []),
    ],
  })
  return yes({ owner: changed, ...reached, disabling: [] })
}

function withChange(owner: Owner, change: OwnerChange): Owner {
  const { name = owner.name, noticeContacts = owner.noticeContacts } = change
  const { rateLimits = owner.limits.rateLimits, quota = owner.limits.quota } = change
  return { ...owner, name, noticeContacts, limits: { rateLimits, quota } }
}

/** True where a change sets or lifts the owner's own longest lifetime. */
function isLifetimeSet({ policy }: Owner, { maxLifetimeSeconds: asked }: ChosenPolicy): boolean {
  return asked !== undefined && (asked !== null || policy.maxLifetimeSeconds !== null)
}

/** The lifetimes to which the owner's secrets are limited: by its own policy, or by each environment's. */
function longestLives(
  { id: ownerId, policy: own }: Owner,
  policies: readonly Policy[],
  when: Pick<LongestLife, 'notBefore' | 'now'>,
): LongestLife[] {
  const { maxLifetimeSeconds } = own
  if (maxLifetimeSeconds !== null)
    return [{ ...when, of: { ownerId, environment: null }, maxLifetimeSeconds }]
  return policies.flatMap(({ environment, maxLifetimeSeconds: longest }) =>
    longest === null ? [] : [{ ...when, of: { ownerId, environment }, maxLifetimeSeconds: longest }],
  )
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
