import { limitsToWire } from '@doorward/sdk/kernel'
import { Type } from 'typebox'
import {
  Cursor,
  iso,
  Limit,
  Moment,
  nullable,
  oneOf,
  Sort,
  searched,
  shownText,
  strictObject,
} from '../http/wire.ts'
import type { ChangedOwner } from './change-owner.ts'
import { AskedLimitFields, LimitFields } from './limits.wire.ts'
import { OWNER_STATES, type Owner } from './owner.ts'
import { toOwnRuleFields } from './policy-fields.ts'
import { KeysDisabledWire, OwnRuleFields, toKeysDisabledWire } from './rule.wire.ts'

export const OwnerWire = Type.Object(
  {
    id: Type.String(),
    name: nullable(Type.String()),
    notice_contacts: Type.Array(Type.String(), { description: 'Where notices about its credentials go' }),
    suspended_at: nullable(Moment),
    suspended_reason: nullable(Type.String()),
    ...LimitFields,
    ...OwnRuleFields,
    created_at: Moment,
  },
  { title: 'Owner' },
)

export const OwnerListQuery = strictObject({
  q: Type.Optional(searched('In the name or the id, in either case')),
  state: Type.Optional(oneOf(OWNER_STATES)),
  sort: Type.Optional(Sort),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

export const OwnerChangeWire = strictObject({
  name: Type.Optional(nullable(shownText(200, 'For people'))),
  notice_contacts: Type.Optional(
    Type.Array(Type.String({ format: 'email', maxLength: 254 }), {
      uniqueItems: true,
      maxItems: 10,
      description: 'Where notices about its credentials go: rather the address of a team than of one person',
    }),
  ),
  ...AskedLimitFields,
  max_lifetime_seconds: Type.Optional(OwnRuleFields.max_lifetime_seconds),
  default_lifetime_seconds: Type.Optional(OwnRuleFields.default_lifetime_seconds),
  never_expires_allowed: Type.Optional(OwnRuleFields.never_expires_allowed),
  max_overlap_seconds: Type.Optional(OwnRuleFields.max_overlap_seconds),
  max_keys: Type.Optional(OwnRuleFields.max_keys),
  ip_allowlist_required: Type.Optional(OwnRuleFields.ip_allowlist_required),
  allowed_scopes: Type.Optional(OwnRuleFields.allowed_scopes),
  owner_allowed_scopes: Type.Optional(OwnRuleFields.owner_allowed_scopes),
  rotate_every_days: Type.Optional(OwnRuleFields.rotate_every_days),
  disable_unused_after_days: Type.Optional(OwnRuleFields.disable_unused_after_days),
  notice_tiers: Type.Optional(OwnRuleFields.notice_tiers),
  dry_run: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Change nothing; return the result of a change, and how many secrets it would end',
    }),
  ),
  apply_at_once: Type.Optional(
    Type.Boolean({
      default: false,
      description:
        'End existing secrets that are older than the longest lifetime, and disable keys that do not comply, at once, and not after the longest of `notice_tiers`',
    }),
  ),
})

export const ChangedOwnerWire = Type.Object({
  ...OwnerWire.properties,
  secrets_shortened: Type.Integer({
    description: 'Secrets that now end earlier; with `dry_run`: that would end earlier',
  }),
  secrets_ended: Type.Integer({
    description: 'Further secrets that expired at once; with `dry_run`: that would expire',
  }),
  keys_disabled: KeysDisabledWire,
})

export function toOwnerWire(owner: Owner) {
  return {
    id: owner.id,
    name: owner.name,
    notice_contacts: owner.noticeContacts,
    suspended_at: iso(owner.suspendedAt),
    suspended_reason: owner.suspendedReason,
    ...limitsToWire(owner.limits),
    ...toOwnRuleFields(owner.policy),
    created_at: iso(owner.createdAt),
  }
}

export function toChangedOwnerWire({ owner, shortened, ended, disabling }: ChangedOwner) {
  return {
    ...toOwnerWire(owner),
    secrets_shortened: shortened,
    secrets_ended: ended,
    keys_disabled: toKeysDisabledWire(disabling),
  }
}
