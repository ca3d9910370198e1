import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import type { DisablingFloors } from './disabling.ts'
import { type DisablingForeseen, foreseeDates, foreseeUnused } from './disabling-effect.store.ts'
import type { Dating, StoredPolicy } from './policy.store.ts'
import { NO_RULES, type PolicyRules } from './policy.ts'

/** A change of rules, as it concerns those that disable keys at a date. */
export interface DateChange {
  readonly environment: string
  /** The rules after the change. */
  readonly rules: PolicyRules
  /** Those that the request names. */
  readonly chosen: Partial<PolicyRules>
  readonly before: StoredPolicy | undefined
  /** No existing key is disabled before this by a rule that the request names. */
  readonly floor: Date
  readonly now: Date
}

const DAY_SECONDS = 86_400

/** The floors after a change: a rule that the request does not name keeps its own. */
export function floorsBy({ rules, chosen, before, floor }: DateChange): DisablingFloors {
  const { unrotatedNotBefore = null, unlistedNotBefore = null } = before?.disabling ?? {}
  return {
    unrotatedNotBefore:
      rules.rotateEveryDays === null
        ? null
        : chosen.rotateEveryDays === undefined
          ? unrotatedNotBefore
          : floor,
    unlistedNotBefore: !rules.ipAllowlistRequired
      ? null
      : chosen.ipAllowlistRequired === undefined
        ? unlistedNotBefore
        : floor,
  }
}

/** True where a change sets or lifts a rule by which keys have dates: all keys are walked through. */
export function datesKeys({ rules, chosen, before }: DateChange): boolean {
  return (['rotateEveryDays', 'ipAllowlistRequired', 'disableUnusedAfterDays'] as const).some(
    (name) =>
      chosen[name] !== undefined &&
      [rules[name], before?.rules[name] ?? NO_RULES[name]].some((value) => value !== NO_RULES[name]),
  )
}

export function newDating(now: Date): Dating {
  return { startedAt: now, after: '', keys: 0, finishedAt: null }
}

/** Keys that the rules in the request would disable, and when. */
export async function foreseeDisabling(
  db: Db,
  { environment, rules, chosen, now }: DateChange,
  floors: DisablingFloors,
): Promise<readonly DisablingForeseen[]> {
  const dated = { of: { environment }, ...rules, ...floors, now }
  const foreseen: DisablingForeseen[] = []
  if (chosen.rotateEveryDays != null) foreseen.push(await foreseeDates(db, 'rotate_every_days', dated))
  if (chosen.ipAllowlistRequired === true)
    foreseen.push(await foreseeDates(db, 'ip_allowlist_required', dated))
  if (chosen.disableUnusedAfterDays != null) {
    const unusedSince = addSeconds(now, -chosen.disableUnusedAfterDays * DAY_SECONDS)
    foreseen.push(await foreseeUnused(db, { environment, unusedSince, now }))
  }
  return foreseen
}
