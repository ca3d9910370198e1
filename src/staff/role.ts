import { ALL_PERMISSIONS, type Permission, withParts } from '../management/permission.ts'

/** Permissions and reach of a role. A route knows permissions, never a role. */
export interface Role {
  readonly permissions: readonly Permission[]
  /** True: only keys and clients of test environments. */
  readonly testOnly?: boolean
  /** True: `metadata` in answers is null. */
  readonly hidesMetadata?: boolean
}

const READS: readonly Permission[] = [
  'keys:read',
  'clients:read',
  'grants:read',
  'owners:read',
  'scopes:read',
  'users:read',
  'notices:read',
  'findings:read',
]

export const ROLES = {
  administrator: { permissions: ALL_PERMISSIONS },
  security: {
    permissions: [
      ...READS,
      'admin_keys:read',
      'audit:read',
      'staff:read',
      'keys:revoke',
      'clients:revoke',
      'grants:write',
      'owners:suspend',
      'users:disable',
      'admin_keys:revoke',
      'findings:write',
    ],
  },
  developer: {
    permissions: [
      'keys:read',
      'keys:write',
      'clients:read',
      'clients:write',
      'owners:read',
      'scopes:read',
      'findings:read',
      'findings:write',
    ],
    testOnly: true,
  },
  support: { permissions: READS, hidesMetadata: true },
  viewer: { permissions: READS },
} as const satisfies Record<string, Role>

export type RoleName = keyof typeof ROLES

export const ROLE_NAMES = Object.keys(ROLES) as readonly RoleName[]

export function roleOf(name: RoleName): Role {
  return ROLES[name]
}

export function permissionsOf(name: RoleName): ReadonlySet<Permission> {
  return withParts(roleOf(name).permissions)
}
