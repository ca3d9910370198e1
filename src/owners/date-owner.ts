import { addSeconds } from '../base/clock.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { DisablingFloors } from './disabling.ts'
import { type DisablingForeseen, foreseeDates, foreseeUnused, together } from './disabling-effect.store.ts'
import { dateKeys } from './key-dates.store.ts'
import type { Owner } from './owner.ts'
import type { ChosenPolicy } from './policy.ts'
import type { PolicyWithFloors } from './policy-for.ts'

const DAY_SECONDS = 86_400

/** A change of an owner's own rules that disable keys at a date. */
export interface OwnDateChange {
  readonly owner: Owner
  readonly chosen: ChosenPolicy
  /** No existing key is disabled before this by a rule that the request names. */
  readonly floor: Date
  readonly isAtOnce: boolean
  readonly now: Date
}

const DATING = ['rotateEveryDays', 'ipAllowlistRequired', 'disableUnusedAfterDays'] as const

/** True where a request sets or lifts such a rule: the owner's keys get, change or lose their dates. */
export function datesOwnKeys({ owner, chosen }: Pick<OwnDateChange, 'owner' | 'chosen'>): boolean {
  return DATING.some((name) => isNamed(name, owner, chosen))
}

function isNamed(name: (typeof DATING)[number], owner: Owner, chosen: ChosenPolicy): boolean {
  return chosen[name] !== undefined && (chosen[name] !== null || owner.policy[name] !== null)
}

/** The floors after the change. A rule that is set again as it is keeps its own, unless the operator insists. */
export function ownFloors({ owner, chosen, floor, isAtOnce }: OwnDateChange): DisablingFloors {
  const floorOf = (name: (typeof DATING)[number], before: Date | null) =>
    isNamed(name, owner, chosen) && (isAtOnce || chosen[name] !== owner.policy[name]) ? floor : before
  return {
    unrotatedNotBefore: floorOf('rotateEveryDays', owner.floors.unrotatedNotBefore),
    unlistedNotBefore: floorOf('ipAllowlistRequired', owner.floors.unlistedNotBefore),
  }
}

/** Keys that the rules in the request would disable, and when, in the environments where the owner has keys. */
export async function foreseeOwnDates(
  db: Db,
  { owner, chosen, now }: OwnDateChange,
  policies: readonly PolicyWithFloors[],
): Promise<readonly DisablingForeseen[]> {
  const foreseen: DisablingForeseen[] = []
  for (const policy of policies) {
    const { environment, rotateEveryDays, ipAllowlistRequired, disableUnusedAfterDays: days } = policy
    const of = { ownerId: owner.id, environment }
    const dated = { of, ...policy, ...policy.floors, now }
    if (chosen.rotateEveryDays !== undefined && rotateEveryDays !== null)
      foreseen.push(await foreseeDates(db, 'rotate_every_days', dated))
    if (chosen.ipAllowlistRequired !== undefined && ipAllowlistRequired)
      foreseen.push(await foreseeDates(db, 'ip_allowlist_required', dated))
    if (chosen.disableUnusedAfterDays !== undefined && days !== null) {
      const unusedSince = addSeconds(now, -days * DAY_SECONDS)
      foreseen.push(await foreseeUnused(db, { ...of, unusedSince, now }))
    }
  }
  return together(foreseen)
}

/** Writes the dates of an owner's keys, whose rows are locked. @returns secrets whose verdict that alters */
export async function dateOwnKeys(
  tx: Tx,
  ownerId: string,
  policies: readonly PolicyWithFloors[],
  now: Date,
): Promise<{ readonly keys: number; readonly secretIds: readonly string[] }> {
  const all = { keys: 0, secretIds: [] as string[] }
  for (const policy of policies) {
    const of = { ownerId, environment: policy.environment }
    const { keys, secretIds } = await dateKeys(tx, { of, ...policy, ...policy.floors, now })
    all.keys += keys
    all.secretIds.push(...secretIds)
  }
  return all
}
