import { findAdminKey } from '../admin-keys/admin-key.store.ts'
import type { Db } from '../db/schema.ts'
import { type Permission, withParts } from '../management/permission.ts'
import { permissionsOf } from './role.ts'
import { findStaff } from './staff.store.ts'
import type { StaffLink } from './staff-link.ts'

/**
 * True while the inviter may still give the role of an invitation. Judged when it is used: a member who was demoted or
 * removed, or a revoked admin key, must not come back by a link that was made before.
 */
export async function mayInviterStillGive(
  db: Db,
  { kind, role, createdBy }: Pick<StaffLink, 'kind' | 'role' | 'createdBy'>,
): Promise<boolean> {
  if (kind !== 'invitation' || role === null) return true
  const held = await permissionsOfInviter(db, createdBy)
  return held.has('staff:write') && [...permissionsOf(role)].every((permission) => held.has(permission))
}

async function permissionsOfInviter(db: Db, id: string): Promise<ReadonlySet<Permission>> {
  const member = await findStaff(db, id)
  if (member !== undefined) return member.disabledAt === null ? permissionsOf(member.role) : new Set()
  const key = await findAdminKey(db, id)
  return key === undefined || key.revokedAt !== null ? new Set() : withParts(key.permissions)
}
