import type { Static } from 'typebox'
import type { OwnerChangeWire } from '../../../src/owners/owner.wire.ts'
import { numberOf, RULES, type Rule, textOf, tiersOf } from '../settings/policy-draft.part.ts'
import { durationText, secondsIn } from '../ui/duration-text.ts'
import type { Owner } from './owner.queries.ts'

/** The rules of an owner's own, as the form has them. Lengths of time are texts with a unit; empty: as the environment. */
export interface OwnPolicyDraft {
  readonly maxLifetime: string
  readonly defaultLifetime: string
  readonly neverExpires: YesNo
  readonly maxOverlap: string
  readonly maxKeys: string
  readonly allowlistRequired: YesNo
  /** Null: as the environment. */
  readonly allowedScopes: readonly string[] | null
  readonly ownerAllowedScopes: readonly string[] | null
  readonly rotateEveryDays: string
  readonly disableUnusedAfterDays: string
  readonly noticeTiers: string
  readonly noNotices: boolean
}

/** Empty: as the environment. */
export type YesNo = '' | 'yes' | 'no'

export type OwnRules = Pick<Owner, Rule>

/** Of these a change reaches what exists, so it is tried first. */
const REACHING: readonly Rule[] = [
  'max_lifetime_seconds',
  'ip_allowlist_required',
  'rotate_every_days',
  'disable_unused_after_days',
]

export function ownDraftOf(owner: OwnRules): OwnPolicyDraft {
  return {
    maxLifetime: durationText(owner.max_lifetime_seconds),
    defaultLifetime: durationText(owner.default_lifetime_seconds),
    neverExpires: yesNo(owner.never_expires_allowed),
    maxOverlap: durationText(owner.max_overlap_seconds),
    maxKeys: textOf(owner.max_keys),
    allowlistRequired: yesNo(owner.ip_allowlist_required),
    allowedScopes: owner.allowed_scopes,
    ownerAllowedScopes: owner.owner_allowed_scopes,
    rotateEveryDays: textOf(owner.rotate_every_days),
    disableUnusedAfterDays: textOf(owner.disable_unused_after_days),
    noticeTiers: owner.notice_tiers?.join(', ') ?? '',
    noNotices: owner.notice_tiers?.length === 0,
  }
}

/** The change that the form asks for: only the rules that differ. What is no number is left to the API to refuse. */
export function ownBodyOf(draft: OwnPolicyDraft, owner: OwnRules): Static<typeof OwnerChangeWire> {
  const asked: OwnRules = {
    max_lifetime_seconds: secondsIn(draft.maxLifetime),
    default_lifetime_seconds: secondsIn(draft.defaultLifetime),
    never_expires_allowed: isYes(draft.neverExpires),
    max_overlap_seconds: secondsIn(draft.maxOverlap),
    max_keys: numberOf(draft.maxKeys),
    ip_allowlist_required: isYes(draft.allowlistRequired),
    allowed_scopes: draft.allowedScopes === null ? null : [...draft.allowedScopes],
    owner_allowed_scopes: draft.ownerAllowedScopes === null ? null : [...draft.ownerAllowedScopes],
    rotate_every_days: numberOf(draft.rotateEveryDays),
    disable_unused_after_days: numberOf(draft.disableUnusedAfterDays),
    notice_tiers: draft.noNotices ? [] : tiersOf(draft.noticeTiers),
  }
  const differing = RULES.filter((name) => JSON.stringify(asked[name]) !== JSON.stringify(owner[name]))
  return Object.fromEntries(differing.map((name) => [name, asked[name]]))
}

export function reachesWhatExists(body: Static<typeof OwnerChangeWire>): boolean {
  return REACHING.some((name) => name in body)
}

function yesNo(value: boolean | null): YesNo {
  if (value === null) return ''
  return value ? 'yes' : 'no'
}

function isYes(value: YesNo): boolean | null {
  return value === '' ? null : value === 'yes'
}
