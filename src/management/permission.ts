/** Permissions of the management API. Scopes are something else: they say what a credential may do with your API. */
export const PERMISSIONS = {
  'keys:read': 'List and read API keys and their use',
  'keys:write': 'Create, change, rotate and revoke API keys',
  'keys:revoke': 'Disable, enable and revoke API keys; part of `keys:write`',
  'clients:read': 'List and read OAuth clients',
  'clients:write': 'Register, change, rotate, suspend and revoke OAuth clients',
  'clients:revoke': 'Suspend, resume and revoke OAuth clients; part of `clients:write`',
  'grants:read': 'List and read what users allowed apps, and which are blocked',
  'grants:write': 'Reduce and revoke what users allowed apps, and block apps for an owner',
  'owners:read': 'List and read owners',
  'owners:write': 'Change and suspend owners',
  'owners:suspend': 'Suspend and resume owners; part of `owners:write`',
  'policies:write': 'Change the policies of environments',
  'scopes:read': 'List APIs and scopes',
  'scopes:write': 'Declare, change and deprecate APIs and scopes',
  'admin_keys:read': 'List admin keys',
  'admin_keys:write': 'Create, rotate and revoke admin keys',
  'admin_keys:revoke': 'Revoke admin keys; part of `admin_keys:write`',
  'users:read': 'List and read users, which owners they may act for, and where they are signed in',
  'users:write':
    'Create, disable and enable users, make links with which they set their passwords, end their sessions',
  'users:disable': 'Disable and enable users, end their sessions; part of `users:write`',
  'members:write': 'Say which users may act for an owner',
  'login_challenges:write': 'Say who is signing in: for the backend of your own login',
  'audit:read': 'Read and verify the audit log',
  'staff:read': 'List staff and invitations, and where staff are signed in',
  'staff:write': 'Invite, change, disable and remove staff',
  'branding:write': 'Change how pages for people look',
  'notices:read': 'Read notices and the mails that carry them',
  'mail:test': 'Send test mails',
  'findings:read': 'Read what needs attention, of what may be read anyway',
  'findings:write': 'Accept findings for a time',
  verify: 'Verify credentials, look up records, report usage: what an SDK needs, and no more',
} as const

export type Permission = keyof typeof PERMISSIONS

export const ALL_PERMISSIONS = Object.keys(PERMISSIONS) as readonly Permission[]

/** Permissions of a credential over itself. They are never assigned: they come with the credential. */
export type SelfPermission = 'self:read' | 'self:rotate' | 'self:session'

export type AnyPermission = Permission | SelfPermission

/** These affect every owner, so a caller that is bound to one owner cannot have them. */
export const UNBOUND_ONLY: ReadonlySet<Permission> = new Set<Permission>([
  'policies:write',
  'scopes:write',
  'admin_keys:read',
  'admin_keys:write',
  'admin_keys:revoke',
  'users:write',
  'users:disable',
  'login_challenges:write',
  'staff:read',
  'staff:write',
  'branding:write',
  'mail:test',
  'verify',
])

/** The only ones that a caller bound to environments can have: all else reaches what belongs to no environment. */
export const WITHIN_ENVIRONMENTS: ReadonlySet<Permission> = new Set<Permission>([
  'keys:read',
  'keys:write',
  'keys:revoke',
  'clients:read',
  'clients:write',
  'clients:revoke',
  'owners:read',
  'scopes:read',
  'findings:read',
  'findings:write',
])

/** These show metadata in answers that the pipeline does not see as a whole, so a caller without metadata cannot have them. */
export const SHOWS_METADATA: ReadonlySet<Permission> = new Set<Permission>(['audit:read', 'verify'])

/** Permissions that others include. Operations ask for the narrowest one that is enough. */
const PARTS: ReadonlyMap<AnyPermission, Permission> = new Map<AnyPermission, Permission>([
  ['keys:write', 'keys:revoke'],
  ['clients:write', 'clients:revoke'],
  ['owners:write', 'owners:suspend'],
  ['admin_keys:write', 'admin_keys:revoke'],
  ['users:write', 'users:disable'],
])

/** Adds the parts that some permissions include. */
export function withParts<P extends AnyPermission>(permissions: Iterable<P>): ReadonlySet<P | Permission> {
  const all = new Set<P | Permission>(permissions)
  for (const permission of permissions) {
    const part = PARTS.get(permission)
    if (part !== undefined) all.add(part)
  }
  return all
}
