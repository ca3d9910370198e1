/** Values of a URL's search, which are the API's own query parameters. */
export type Search = Readonly<Record<string, string | number | boolean | null | undefined>>

/**
 * Every page of the dashboard: its pattern for the router, and its URL. Relative to `/dashboard`; whatever a screen shows
 * is in the URL, so that a link shows the same to a colleague.
 */
export const paths = {
  home: page('/'),
  keys: page('/keys'),
  newKey: page('/keys/new'),
  changeKeys: page('/keys/change'),
  deadCredentials: page('/keys/dead'),
  key: pageOf('/keys/:id'),
  editKey: pageOf('/keys/:id/edit'),
  rotateKey: pageOf('/keys/:id/rotate'),
  endKey: pageOf('/keys/:id/end'),
  whichDoor: page('/which-door'),
  overview: page('/overview'),
  scopes: page('/scopes'),
  newScope: page('/scopes/new'),
  scope: pageOf('/scopes/:id'),
  audit: page('/audit'),
  evidence: page('/audit/evidence'),
  settings: page('/settings'),
  policies: page('/settings/policies'),
  editPolicy: pageOf('/settings/policies/:id'),
  adminKeys: page('/settings/admin-keys'),
  newAdminKey: page('/settings/admin-keys/new'),
  branding: page('/settings/branding'),
  staff: page('/settings/staff'),
  staffMember: pageOf('/settings/staff/:id'),
  owners: page('/owners'),
  owner: pageOf('/owners/:id'),
  clients: page('/clients'),
  newClient: page('/clients/new'),
  clientSoftware: page('/clients/software'),
  client: pageOf('/clients/:id'),
  editClient: pageOf('/clients/:id/edit'),
  grants: page('/grants'),
  grant: pageOf('/grants/:id'),
  findings: page('/findings'),
  finding: pageOf('/findings/:id'),
  mails: page('/mails'),
  mail: pageOf('/mails/:id'),
  users: page('/users'),
  user: pageOf('/users/:id'),
} as const

function page<const Pattern extends string>(pattern: Pattern) {
  return { pattern, to: (search: Search = {}) => pattern + searchText(search) }
}

function pageOf<const Pattern extends string>(pattern: Pattern) {
  return {
    pattern,
    to: (id: string, search: Search = {}) =>
      pattern.replace(/:\w+/, () => encodeURIComponent(id)) + searchText(search),
  }
}

/** `?state=active&limit=50`, without parameters that are not set; empty for none. */
export function searchText(search: Search): string {
  const set = Object.entries(search).filter(([, value]) => value != null && value !== '')
  const text = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString()
  return text === '' ? '' : `?${text}`
}
