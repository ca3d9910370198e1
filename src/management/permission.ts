/** Permissions of the management API. Scopes are something else: they say what a credential may do with your API. */
export const PERMISSIONS = {
  'keys:read': 'List and read API keys and their use',
  'keys:write': 'Create, change, rotate and revoke API keys',
  'clients:read': 'List and read OAuth clients',
  'clients:write': 'Register, change, rotate, suspend and revoke OAuth clients',
  'grants:read': 'List and read what users allowed apps, and which are blocked',
  'grants:write': 'Reduce and revoke what users allowed apps, and block apps for an owner',
  'owners:read': 'List and read owners',
  'owners:write': 'Change and suspend owners',
  'scopes:read': 'List APIs and scopes',
  'scopes:write': 'Declare, change and deprecate APIs and scopes',
  'admin_keys:read': 'List admin keys',
  'admin_keys:write': 'Create, rotate and revoke admin keys',
  'users:read': 'List and read users, which owners they may act for, and where they are signed in',
  'users:write':
    'Create, disable and enable users, make links with which they set their passwords, end their sessions',
  'members:write': 'Say which users may act for an owner',
  'login_challenges:write': 'Say who is signing in: for the backend of your own login',
  'audit:read': 'Read and verify the audit log',
  verify: 'Verify credentials, look up records, report usage: what an SDK needs, and no more',
} as const

export type Permission = keyof typeof PERMISSIONS

export const ALL_PERMISSIONS = Object.keys(PERMISSIONS) as readonly Permission[]

/** Permissions of a credential over itself. They are never assigned: they come with the credential. */
export type SelfPermission = 'self:read' | 'self:rotate'

export type AnyPermission = Permission | SelfPermission

/** These affect every owner, so a caller that is bound to one owner cannot have them. */
export const UNBOUND_ONLY: ReadonlySet<Permission> = new Set<Permission>([
  'scopes:write',
  'admin_keys:read',
  'admin_keys:write',
  'users:write',
  'login_challenges:write',
  'verify',
])
