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
import { AskedOwnPolicyFields, OwnPolicyFields, toOwnPolicyFields } from './policy.wire.ts'

export const OwnerWire = Type.Object(
  {
    id: Type.String(),
    name: nullable(Type.String()),
    notice_contacts: Type.Array(Type.String(), { description: 'Where notices about its credentials go' }),
    suspended_at: nullable(Moment),
    suspended_reason: nullable(Type.String()),
    ...LimitFields,
    ...OwnPolicyFields,
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
  ...AskedOwnPolicyFields,
  dry_run: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'Change nothing; return the result of a change, and how many secrets it would end',
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
})

export function toOwnerWire(owner: Owner) {
  return {
    id: owner.id,
    name: owner.name,
    notice_contacts: owner.noticeContacts,
    suspended_at: iso(owner.suspendedAt),
    suspended_reason: owner.suspendedReason,
    ...limitsToWire(owner.limits),
    ...toOwnPolicyFields(owner.policy),
    created_at: iso(owner.createdAt),
  }
}

export function toChangedOwnerWire({ owner, shortened, ended }: ChangedOwner) {
  return { ...toOwnerWire(owner), secrets_shortened: shortened, secrets_ended: ended }
}
