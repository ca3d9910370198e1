import { ALL_PERMISSIONS, type Permission } from '../management/permission.ts'
import type { StoredSecret } from '../secrets/secret.ts'

/** Credential for Doorward's own management API; a different type from API keys. */
export interface AdminKey {
  readonly id: string
  readonly name: string
  readonly permissions: readonly Permission[]
  /** Owner to which it is bound; null: every owner. */
  readonly ownerId: string | null
  readonly createdBy: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
  readonly revokedReason: string | null
  readonly secrets: readonly StoredSecret[]
}

/** True for a key with all permissions over every owner; the last active one cannot be revoked. */
export function isFull(key: Pick<AdminKey, 'permissions' | 'ownerId'>): boolean {
  return key.ownerId === null && ALL_PERMISSIONS.every((permission) => key.permissions.includes(permission))
}
