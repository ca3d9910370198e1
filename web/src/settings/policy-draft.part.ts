import type { Static } from 'typebox'
import type { PolicyChangeWire } from '../../../src/owners/environment-policy.wire.ts'
import type { RuleFields } from '../../../src/owners/policy-fields.ts'
import { durationText, secondsIn } from '../ui/duration-text.ts'
import type { EnvironmentPolicy } from './policy.queries.ts'

/** The rules of an environment, as the form has them. Lengths of time are texts with a unit. */
export interface PolicyDraft {
  readonly maxLifetime: string
  readonly defaultLifetime: string
  readonly neverExpiresAllowed: boolean
  readonly maxOverlap: string
  readonly maxKeys: string
  readonly ipAllowlistRequired: boolean
  /** Null: all. */
  readonly allowedScopes: readonly string[] | null
  /** Null: all of these. */
  readonly ownerAllowedScopes: readonly string[] | null
  readonly rotateEveryDays: string
  readonly disableUnusedAfterDays: string
  /** Days before an end, separated by commas; empty: as usual. */
  readonly noticeTiers: string
  readonly noNotices: boolean
}

export const RULES = [
  'max_lifetime_seconds',
  'default_lifetime_seconds',
  'never_expires_allowed',
  'max_overlap_seconds',
  'max_keys',
  'ip_allowlist_required',
  'allowed_scopes',
  'owner_allowed_scopes',
  'rotate_every_days',
  'disable_unused_after_days',
  'notice_tiers',
] as const satisfies readonly (keyof RuleFields)[]

export type Rule = (typeof RULES)[number]

/** The rules that the environment itself sets; the others are null, as on the wire. */
export function ownRules({ rules }: EnvironmentPolicy): RuleFields {
  return Object.fromEntries(
    RULES.map((name) => {
      const { value, from } = rules[name]
      return [name, typeof value === 'boolean' || from === 'environment' ? value : null]
    }),
  ) as RuleFields
}

export function draftOf(rules: RuleFields): PolicyDraft {
  return {
    maxLifetime: durationText(rules.max_lifetime_seconds),
    defaultLifetime: durationText(rules.default_lifetime_seconds),
    neverExpiresAllowed: rules.never_expires_allowed,
    maxOverlap: durationText(rules.max_overlap_seconds),
    maxKeys: textOf(rules.max_keys),
    ipAllowlistRequired: rules.ip_allowlist_required,
    allowedScopes: rules.allowed_scopes,
    ownerAllowedScopes: rules.owner_allowed_scopes,
    rotateEveryDays: textOf(rules.rotate_every_days),
    disableUnusedAfterDays: textOf(rules.disable_unused_after_days),
    noticeTiers: rules.notice_tiers?.join(', ') ?? '',
    noNotices: rules.notice_tiers?.length === 0,
  }
}

/** The rules that the form asks for. A text that is no number is left to the API to refuse. */
export function rulesOf(draft: PolicyDraft): RuleFields {
  return {
    max_lifetime_seconds: secondsIn(draft.maxLifetime),
    default_lifetime_seconds: secondsIn(draft.defaultLifetime),
    never_expires_allowed: draft.neverExpiresAllowed,
    max_overlap_seconds: secondsIn(draft.maxOverlap),
    max_keys: numberOf(draft.maxKeys),
    ip_allowlist_required: draft.ipAllowlistRequired,
    allowed_scopes: draft.allowedScopes,
    owner_allowed_scopes: draft.ownerAllowedScopes,
    rotate_every_days: numberOf(draft.rotateEveryDays),
    disable_unused_after_days: numberOf(draft.disableUnusedAfterDays),
    notice_tiers: draft.noNotices ? [] : tiersOf(draft.noticeTiers),
  }
}

/** The rules that differ, in their order. */
export function changedRules(before: RuleFields, after: RuleFields): readonly Rule[] {
  return RULES.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
}

/** The change that the form asks for: only the rules that differ. */
export function bodyOf(before: RuleFields, after: RuleFields): Static<typeof PolicyChangeWire> {
  return Object.fromEntries(changedRules(before, after).map((name) => [name, after[name]]))
}

/** Null where it is empty. A text that is no number stays one that the API refuses. */
export function tiersOf(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '')
  return parts.length === 0 ? null : parts.map((part) => numberOf(part) ?? -1)
}

export function textOf(value: number | null): string {
  return value === null ? '' : String(value)
}

/** Null where it is empty. */
export function numberOf(text: string): number | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : -1
}
