import { limitsToWire } from '@doorward/sdk/kernel'
import { Type } from 'typebox'
import { iso, Moment, nullable, plainText, strictObject } from '../http/wire.ts'
import { AskedLimitFields, LimitFields } from './limits.wire.ts'
import type { Owner } from './owner.ts'

export const OwnerWire = Type.Object({
  id: Type.String(),
  name: nullable(Type.String()),
  notice_email: nullable(Type.String()),
  suspended_at: nullable(Moment),
  suspended_reason: nullable(Type.String()),
  ...LimitFields,
  created_at: Moment,
})

export const OwnerChangeWire = strictObject({
  name: Type.Optional(nullable(plainText(200, 'For people'))),
  notice_email: Type.Optional(
    nullable(
      Type.String({ format: 'email', maxLength: 254, description: 'Where notices about its keys go' }),
    ),
  ),
  ...AskedLimitFields,
})

export function toOwnerWire(owner: Owner) {
  return {
    id: owner.id,
    name: owner.name,
    notice_email: owner.noticeEmail,
    suspended_at: iso(owner.suspendedAt),
    suspended_reason: owner.suspendedReason,
    ...limitsToWire(owner.limits),
    created_at: iso(owner.createdAt),
  }
}
