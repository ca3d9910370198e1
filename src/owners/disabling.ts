import { addSeconds } from '../base/clock.ts'
import { DEFAULT_NOTICE_TIERS, type PolicyRules } from './policy.ts'

const DAY_SECONDS = 86_400

/** From the day on which a rotation is due, or a key has been unused for too long, to the disabling. */
export const NOTICE_SECONDS = 30 * DAY_SECONDS

/**
 * The least that existing secrets and keys have left after a rule was tightened, unless it is applied at once: the
 * longest of the tiers at which people are told. Where they are told at none, as where nothing is said of it.
 *
 * @param ofEach the tiers of each environment or owner that the rule reaches
 */
export function noticeSecondsOf(ofEach: readonly (readonly number[] | null)[]): number {
  const longest = ofEach.map((tiers) => Math.max(...(tiers?.length ? tiers : DEFAULT_NOTICE_TIERS)))
  return Math.max(...longest, 0) * DAY_SECONDS
}

/** Moments before which a rule disables no key that existed when it was set; null: it is not set. */
export interface DisablingFloors {
  readonly unrotatedNotBefore: Date | null
  readonly unlistedNotBefore: Date | null
}

/** The rules that disable a key at a date, in the order in which one is named of several that are due. */
export const DISABLING_RULES = [
  'rotate_every_days',
  'ip_allowlist_required',
  'disable_unused_after_days',
] as const
export type DisablingRule = (typeof DISABLING_RULES)[number]

/** Dates at which rules disable a key; null: the rule does not. */
export interface DisablingDates {
  readonly disableUnrotatedAt: Date | null
  readonly disableUnlistedAt: Date | null
  readonly disableUnusedAt: Date | null
}

export const NO_DATES: DisablingDates = {
  disableUnrotatedAt: null,
  disableUnlistedAt: null,
  disableUnusedAt: null,
}

/** The next of these dates, with its rule. */
export function nextDisabling(
  dates: DisablingDates,
): { readonly rule: DisablingRule; readonly at: Date } | null {
  const { disableUnrotatedAt, disableUnlistedAt, disableUnusedAt } = dates
  const all = [
    { rule: 'rotate_every_days', at: disableUnrotatedAt },
    { rule: 'ip_allowlist_required', at: disableUnlistedAt },
    { rule: 'disable_unused_after_days', at: disableUnusedAt },
  ] as const satisfies readonly { readonly rule: DisablingRule; readonly at: Date | null }[]
  return all.reduce<{ rule: DisablingRule; at: Date } | null>(
    (first, { rule, at }) => (at !== null && (first === null || at < first.at) ? { rule, at } : first),
    null,
  )
}

/**
 * The date at which a key is disabled whose current secret was made then, unless it is rotated.
 *
 * @param notBefore of the walk that brought the rule to existing keys
 */
export function unrotatedUntil(
  { rotateEveryDays }: Pick<PolicyRules, 'rotateEveryDays'>,
  secretMadeAt: Date,
  notBefore: Date | null = null,
): Date | null {
  if (rotateEveryDays === null) return null
  const byAge = addSeconds(secretMadeAt, rotateEveryDays * DAY_SECONDS + NOTICE_SECONDS)
  return notBefore !== null && byAge < notBefore ? notBefore : byAge
}

/**
 * The date at which a key without an allow-list is disabled: the one that it has, or that of the rule.
 *
 * @param notBefore of the walk that brought the rule to existing keys
 */
export function unlistedUntil(
  { ipAllowlistRequired }: Pick<PolicyRules, 'ipAllowlistRequired'>,
  ipAllowlist: readonly string[] | null,
  notBefore: Date | null,
): Date | null {
  return ipAllowlistRequired && ipAllowlist === null ? notBefore : null
}

/** The day on which the rotation is due. */
export function rotationDueAt(disableUnrotatedAt: Date): Date {
  return addSeconds(disableUnrotatedAt, -NOTICE_SECONDS)
}
