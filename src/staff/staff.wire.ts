import { Type } from 'typebox'
import { idOf, iso, Moment, nullable, plainText, strictObject } from '../http/wire.ts'
import type { ListedStaff } from './staff.store.ts'
import type { StaffLink } from './staff-link.ts'
import { FactorWire, RoleWire } from './staff-session.wire.ts'

export const StaffId = idOf('stf')
export const InvitationId = idOf('inv')

export const NewInvitationWire = strictObject({
  email: Type.String({
    format: 'email',
    maxLength: 254,
    description: 'The address that the member signs in with',
  }),
  role: RoleWire,
})

export const StaffChangeWire = strictObject({ role: RoleWire })
export const ReasonWire = strictObject({
  reason: plainText(300, 'Kept with the member and in the audit log'),
})

export const StaffWire = Type.Object({
  id: Type.String(),
  email: Type.String(),
  name: Type.String(),
  role: RoleWire,
  created_by: Type.String(),
  created_at: Moment,
  factors: Type.Array(FactorWire, { description: 'Enrolled, weakest first' }),
  passkeys: Type.Integer({ description: 'How many are enrolled' }),
  recovery_codes_left: Type.Integer(),
  last_seen_at: nullable({ ...Moment, description: 'Of sessions that are not a day over; null: none' }),
  disabled_at: nullable(Moment),
  disabled_reason: nullable(Type.String()),
})

export const InvitationWire = Type.Object({
  id: Type.String(),
  email: Type.String(),
  role: RoleWire,
  created_by: Type.String(),
  created_at: Moment,
  expires_at: Moment,
})

export const IssuedInvitationWire = Type.Object({
  ...InvitationWire.properties,
  url: Type.String({ description: 'Works once. Returned only in this response' }),
})

export const EndedStaffSessionsWire = Type.Object({ ended: Type.Integer({ description: 'How many' }) })

export function toStaffWire({ seenAt, enrolled, passkeys, recoveryCodesLeft, ...member }: ListedStaff) {
  return {
    id: member.id,
    email: member.email,
    name: member.name,
    role: member.role,
    created_by: member.createdBy,
    created_at: iso(member.createdAt),
    factors: enrolled,
    passkeys,
    recovery_codes_left: recoveryCodesLeft,
    last_seen_at: iso(seenAt),
    disabled_at: iso(member.disabledAt),
    disabled_reason: member.disabledReason,
  }
}

export function toInvitationWire(link: StaffLink) {
  return {
    id: link.id,
    email: link.email,
    role: link.role,
    created_by: link.createdBy,
    created_at: iso(link.createdAt),
    expires_at: iso(link.expiresAt),
  }
}
