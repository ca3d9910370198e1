import { ALL_PERMISSIONS, type Permission, withParts } from '../management/permission.ts'
import type { StoredSecret } from '../secrets/secret.ts'

/** Credential for Doorward's own management API; a different type from API keys. */
export interface AdminKey {
  readonly id: string
  readonly name: string
  readonly permissions: readonly Permission[]
  /** Owner to which it is bound; null: every owner. */
  readonly ownerId: string | null
  /** Environments to which it is bound; null: every environment. */
  readonly environments: readonly string[] | null
  /** True: `metadata` in answers is null. */
  readonly hidesMetadata: boolean
  readonly createdBy: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
  readonly revokedReason: string | null
  readonly secrets: readonly StoredSecret[]
}

/** True for a key with all permissions over every owner; the last active one cannot be revoked. */
export function isFull({ permissions, ...bounds }: AdminKeyRights): boolean {
  const held = withParts(permissions)
  return isUnbound(bounds) && ALL_PERMISSIONS.every((permission) => held.has(permission))
}

/** Permissions and reach of an admin key. */
export type AdminKeyRights = Pick<AdminKey, 'permissions' | 'ownerId' | 'environments' | 'hidesMetadata'>

function isUnbound({ ownerId, environments, hidesMetadata }: Omit<AdminKeyRights, 'permissions'>): boolean {
  return ownerId === null && environments === null && !hidesMetadata
}
