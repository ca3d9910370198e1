import { type ComponentType, lazy } from 'react'
import type { Permission } from '../../src/management/permission.ts'
import type { Session } from './api/session.ts'
import { paths } from './paths.ts'
import { navWords } from './words/app.ts'

/** A screen: a file of its own, loaded when it is first shown. `id` is empty where its path has none. */
export type Screen = ComponentType<{ readonly id: string }>
type Load = () => Promise<{ default: Screen }>

const screen = (pattern: string, load: Load) => [pattern, lazy(load)] as const

/** Every page of staff, by its path; the first that matches is shown. */
export const staffRoutes: readonly (readonly [pattern: string, Screen])[] = [
  screen(paths.overview.pattern, () => import('./overview/overview.page.tsx')),
  screen(paths.keys.pattern, () => import('./keys/keys.page.tsx')),
  screen(paths.newKey.pattern, () => import('./keys/new-key.page.tsx')),
  screen(paths.changeKeys.pattern, () => import('./keys/change-many.page.tsx')),
  screen(paths.deadCredentials.pattern, () => import('./keys/dead-credentials.page.tsx')),
  screen(paths.key.pattern, () => import('./keys/key.page.tsx')),
  screen(paths.editKey.pattern, () => import('./keys/edit-key.page.tsx')),
  screen(paths.rotateKey.pattern, () => import('./keys/rotate-key.page.tsx')),
  screen(paths.endKey.pattern, () => import('./keys/end-key.page.tsx')),
  screen(paths.scopes.pattern, () => import('./scopes/scopes.page.tsx')),
  screen(paths.newScope.pattern, () => import('./scopes/new-scope.page.tsx')),
  screen(paths.scope.pattern, () => import('./scopes/scope.page.tsx')),
  screen(paths.audit.pattern, () => import('./audit/audit.page.tsx')),
  screen(paths.evidence.pattern, () => import('./evidence/evidence.page.tsx')),
  screen(paths.whichDoor.pattern, () => import('./which-door/which-door.page.tsx')),
  screen(paths.settings.pattern, () => import('./settings/settings.page.tsx')),
  screen(paths.branding.pattern, () => import('./branding/branding.page.tsx')),
  screen(paths.policies.pattern, () => import('./settings/policies.page.tsx')),
  screen(paths.editPolicy.pattern, () => import('./settings/edit-policy.page.tsx')),
  screen(paths.adminKeys.pattern, () => import('./admin-keys/admin-keys.page.tsx')),
  screen(paths.newAdminKey.pattern, () => import('./admin-keys/new-admin-key.page.tsx')),
  screen(paths.owners.pattern, () => import('./owners/owners.page.tsx')),
  screen(paths.owner.pattern, () => import('./owners/owner.page.tsx')),
  screen(paths.clients.pattern, () => import('./clients/clients.page.tsx')),
  screen(paths.newClient.pattern, () => import('./clients/new-client.page.tsx')),
  screen(paths.clientSoftware.pattern, () => import('./clients/software.page.tsx')),
  screen(paths.client.pattern, () => import('./clients/client.page.tsx')),
  screen(paths.editClient.pattern, () => import('./clients/edit-client.page.tsx')),
  screen(paths.grants.pattern, () => import('./grants/grants.page.tsx')),
  screen(paths.grant.pattern, () => import('./grants/grant.page.tsx')),
  screen(paths.findings.pattern, () => import('./findings/findings.page.tsx')),
  screen(paths.finding.pattern, () => import('./findings/finding.page.tsx')),
  screen(paths.mails.pattern, () => import('./mails/mails.page.tsx')),
  screen(paths.mail.pattern, () => import('./mails/mail.page.tsx')),
  screen(paths.users.pattern, () => import('./users/users.page.tsx')),
  screen(paths.user.pattern, () => import('./users/user.page.tsx')),
  screen(paths.staff.pattern, () => import('./staff/staff.page.tsx')),
  screen(paths.staffMember.pattern, () => import('./staff/member.page.tsx')),
]

interface NavigationLink {
  readonly to: string
  readonly words: string
  readonly permission: Permission
}

const NAVIGATION: readonly NavigationLink[] = [
  { to: paths.overview.to(), words: navWords.overview, permission: 'keys:read' },
  { to: paths.keys.to({ state: 'live' }), words: navWords.keys, permission: 'keys:read' },
  { to: paths.owners.to(), words: navWords.owners, permission: 'owners:read' },
  { to: paths.clients.to(), words: navWords.clients, permission: 'clients:read' },
  { to: paths.grants.to(), words: navWords.grants, permission: 'grants:read' },
  { to: paths.users.to(), words: navWords.users, permission: 'users:read' },
  { to: paths.scopes.to(), words: navWords.scopes, permission: 'scopes:read' },
  { to: paths.findings.to({ state: 'open' }), words: navWords.findings, permission: 'findings:read' },
  { to: paths.mails.to(), words: navWords.mails, permission: 'notices:read' },
  { to: paths.audit.to(), words: navWords.audit, permission: 'audit:read' },
  { to: paths.settings.to(), words: navWords.settings, permission: 'owners:read' },
]

/** Links to the pages that a person may open; the first is where the dashboard begins. */
export function navigationFor({ permissions }: Session): readonly NavigationLink[] {
  return NAVIGATION.filter(({ permission }) => permissions.includes(permission))
}
