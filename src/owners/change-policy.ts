import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { whyNotFresh } from '../management/why-not-permitted.ts'
import { datesKeys, floorsBy, foreseeDisabling, newDating } from './date-change.ts'
import { noticeSecondsOf } from './disabling.ts'
import type { DisablingForeseen } from './disabling-effect.store.ts'
import { ownNoticeTiers } from './owner.store.ts'
import {
  findPolicy,
  holdPolicies,
  type Shortening,
  type StoredPolicy,
  savePolicy,
  sharePolicies,
} from './policy.store.ts'
import { type ConfiguredPolicy, contradictionIn, NO_RULES, type PolicyRules, policyOf } from './policy.ts'
import { type Foreseen, foreseeShortening } from './policy-effect.store.ts'
import { toRuleFields } from './policy-fields.ts'
import { CONTRADICTIONS } from './policy-problem.ts'
import type { LongestLife } from './secret-lives.store.ts'

export interface PolicyChange {
  /** Rules that are not named stay as they are. */
  readonly rules: Partial<PolicyRules>
  /** Changes nothing, and returns what a change would do. */
  readonly dryRun: boolean
  /** Existing secrets that are older than the longest lifetime end at once. */
  readonly applyAtOnce: boolean
}

export interface ChangedPolicy {
  readonly environment: string
  readonly stored: StoredPolicy
  /** Null after a change: existing secrets and keys are reached in the steps that follow. */
  readonly effect: PolicyEffect | null
}

export interface PolicyEffect extends Foreseen {
  /** For each of the rules in the change that disable keys at a date. */
  readonly disabling: readonly DisablingForeseen[]
}

/**
 * Changes the rules of an environment. They hold for whatever is made or changed afterwards. A longest lifetime also
 * reaches existing secrets, in steps (`shortenByPolicy`), and rules that disable keys give existing ones a date
 * (`dateByPolicy`). No rule revives or lengthens anything.
 */
export async function changePolicy(
  tx: Tx,
  caller: Caller,
  configured: ConfiguredPolicy,
  environment: string,
  { rules: chosen, dryRun, applyAtOnce }: PolicyChange,
): Promise<Result<ChangedPolicy, Problem>> {
  if (!configured.environments.includes(environment)) return no(NOT_FOUND)
  const stale = dryRun ? null : whyNotFresh(caller)
  if (stale !== null) return no(stale)
  if (dryRun) await sharePolicies(tx)
  else await holdPolicies(tx)
  const before = await findPolicy(tx, environment)
  const rules = { ...(before?.rules ?? NO_RULES), ...chosen }
  const contradiction = contradictionIn(rules)
  if (contradiction !== null) return no(problem('policy_contradicts', CONTRADICTIONS[contradiction]))

  const isSet = isLifetimeSet(before?.rules ?? NO_RULES, chosen)
  const { maxLifetimeSeconds } = policyOf(configured, environment, rules)
  const tiers = [rules.noticeTiers, ...(await ownNoticeTiers(tx)).values()]
  const notBefore = applyAtOnce ? null : addSeconds(caller.now, noticeSecondsOf(tiers))
  const longest =
    isSet && maxLifetimeSeconds !== null
      ? { of: { environment }, maxLifetimeSeconds, notBefore, now: caller.now }
      : null
  const shortening = isSet
    ? shorteningBy(longest, before?.shortening ?? null, caller.now)
    : before?.shortening
  const floor = notBefore ?? caller.now
  const change = { environment, rules, chosen, before, floor, now: caller.now }
  const disabling = floorsBy(change)
  const made = { changedAt: caller.now, changedBy: caller.actor.id }
  if (dryRun) {
    const walks = { shortening: before?.shortening ?? null, dating: before?.dating ?? null }
    const effect = {
      ...(longest === null ? NONE_REACHED : await foreseeShortening(tx, longest)),
      disabling: await foreseeDisabling(tx, change, disabling),
    }
    return yes({ environment, stored: { environment, rules, ...made, disabling, ...walks }, effect })
  }
  const dating = datesKeys(change) ? newDating(caller.now) : (before?.dating ?? null)
  const stored = { environment, rules, ...made, shortening: shortening ?? null, disabling, dating }
  await savePolicy(tx, stored)
  await record(tx, caller, {
    action: 'policy.changed',
    target: { id: environment, ownerId: null },
    detail: {
      environment,
      before: toRuleFields(before?.rules ?? NO_RULES),
      after: toRuleFields(rules),
      ...(longest === null ? {} : { shortens_to_seconds: longest.maxLifetimeSeconds }),
      ...(longest === null && !datesKeys(change) ? {} : { at_once: applyAtOnce }),
    },
  })
  return yes({ environment, stored, effect: null })
}

const NONE_REACHED: Foreseen = { shortened: 0, ended: 0, isCountedFully: true, first: [] }

/** True where a change sets or lifts the environment's own longest lifetime. */
function isLifetimeSet({ maxLifetimeSeconds: before }: PolicyRules, chosen: Partial<PolicyRules>): boolean {
  const { maxLifetimeSeconds: asked } = chosen
  return asked !== undefined && (asked !== null || before !== null)
}

/** A new walk over all secrets. Without a longest lifetime, one that still runs ends where it is. */
function shorteningBy(longest: LongestLife | null, before: Shortening | null, now: Date): Shortening | null {
  if (longest === null) return before === null ? null : { ...before, finishedAt: before.finishedAt ?? now }
  const { maxLifetimeSeconds, notBefore } = longest
  const from = { startedAt: now, after: '', shortened: 0, ended: 0, finishedAt: null }
  return { maxLifetimeSeconds, notBefore, ...from }
}
