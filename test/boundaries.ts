import type { Imports } from './imports.ts'

/** The floors, top to bottom: imports go down only. Rooms on one floor do not import each other. */
type Floors = readonly (readonly string[])[]

export const SRC: Floors = [
  ['main', 'serve', 'config'],
  ['config-variables'],
  ['start-failure'],
  ['workers'],
  ['app'],
  ['all-jobs'],
  ['staff'],
  ['overview', 'evidence'],
  ['findings'],
  ['forward-auth', 'usage', 'verifiers'],
  ['verification'],
  ['limits'],
  ['oauth', 'keys'],
  ['sign-in'],
  ['clients', 'users'],
  ['admin-keys', 'audit-log', 'jobs', 'notices'],
  ['scopes', 'owners', 'branding'],
  ['sessions'],
  ['management'],
  ['secrets'],
  ['changes'],
  ['audit'],
  ['mail'],
  ['pages'],
  ['outbound'],
  ['http'],
  ['db'],
  ['base'],
]

/** The floors inside a room; files directly in the room have the room's own name. */
const INSIDE: Readonly<Record<string, Floors>> = {
  oauth: [['oauth'], ['authorize'], ['blocked-clients', 'connected-apps', 'tokens'], ['grants']],
  clients: [['registration'], ['authentication'], ['clients']],
}

/** The dashboard: a screen may ask another noun's queries and show its parts, never its pages. */
const WEB: Floors = [
  ['main.tsx'],
  ['app.tsx'],
  ['frame.tsx'],
  ['staff.routes.tsx'],
  ['screens'],
  ['ui'],
  ['api'],
  ['paths.ts', 'words'],
]
const WEB_PACKAGES =
  /^(react|react-dom\/client|@tanstack\/react-query|wouter(\/.*)?|d3-scale|d3-shape|@doorward\/sdk\/rules)$/

/** The one file of the examples that opens the server itself: the demo turns its clock. */
const DEMO_SERVER = 'examples/demo/clocked-server.ts'

const SDK: Floors = [
  ['entry points'],
  ['guard', 'autopilot'],
  ['verifier'],
  ['limits'],
  ['source'],
  ['verdict'],
  ['credential'],
]

/** The kinds of files: each may import those after it in its own room. */
const KINDS = ['routes', 'use case', 'wire', 'store', 'noun'] as const
type Kind = (typeof KINDS)[number]

/** Packages that only some files may use. */
const RESERVED: readonly (readonly [packageName: RegExp, allowed: RegExp])[] = [
  [/^kysely/, /^src\/db\/|\.store\.ts$/],
  [/^(pg|@electric-sql\/.*)$/, /^src\/db\/(open|postgres|listen)\.ts$/],
  [
    /^typebox/,
    /\.(wire|routes)\.ts$|^src\/http\/|^src\/management\/(pipeline|operation)\.ts$|^src\/serve\.ts$/,
  ],
  [/^ioredis$/, /^src\/limits\/shared-limiter\.ts$/],
  [/^nodemailer$/, /^src\/mail\/mailer\.ts$/],
  [/^pino$/, /^src\/http\/log\.ts$/],
  [
    /^(fastify|@fastify\/.*)$/,
    /\.routes\.ts$|^src\/(http|pages)\/|^src\/app\.ts$|^src\/management\/(pipeline|operation)\.ts$/,
  ],
]

/** Modules that only some files may use: use cases call `record`, so that every change is published. */
const KEPT_TO: readonly (readonly [module: RegExp, allowed: RegExp])[] = [
  [/^src\/audit\/append-events\.ts$/, /^src\/audit\/|^src\/changes\/record\.ts$/],
  [/^src\/changes\/announce\.store\.ts$/, /^src\/changes\/record\.ts$/],
]

/** Returns every import that breaks the floor plan, as a sentence with both names. */
export function brokenBoundaries(files: readonly Imports[]): string[] {
  return files.flatMap(({ file, modules }) =>
    modules.flatMap(({ name, typeOnly }) => {
      const fault = faultOf(file, name, typeOnly)
      return fault === null ? [] : [`${file} imports ${name}: ${fault}`]
    }),
  )
}

function faultOf(file: string, name: string, typeOnly: boolean): string | null {
  const isTest = /\.test\.ts$/.test(file)
  if (file.startsWith('sdk/src/')) return isTest ? null : sdkFault(file, name, typeOnly)
  if (name.startsWith('sdk/')) return 'the SDK is imported by its package name'
  if (file.startsWith('web/src/')) return isTest ? null : webFault(file, name, typeOnly)
  if (file.startsWith('src/') && name.startsWith('web/')) return 'the server does not know the dashboard'
  if (file === DEMO_SERVER) return null
  if (file.startsWith('examples/'))
    return name.startsWith('src/') && !isTest ? 'an example is a client: the SDK and HTTP only' : null
  if (!file.startsWith('src/') || isTest) return null
  for (const [module, allowed] of KEPT_TO)
    if (module.test(name) && !allowed.test(file)) return `only ${allowed.source} may`
  if (!name.startsWith('src/')) return packageFault(file, name, typeOnly)
  return roomFault(file, name)
}

function sdkFault(file: string, name: string, typeOnly: boolean): string | null {
  if (name.startsWith('sdk/src/')) return floorFault(SDK, sdkRoomOf(file), sdkRoomOf(name))
  if (name.startsWith('node:')) return null
  if (file === 'sdk/src/rate-limiter-flexible.ts' && name === 'rate-limiter-flexible') return null
  const adapter = /^sdk\/src\/(fastify|express|hono)\.ts$/.exec(file)?.[1]
  return typeOnly && name === adapter ? null : 'the SDK has no dependencies'
}

function webFault(file: string, name: string, typeOnly: boolean): string | null {
  if (name.startsWith('src/')) {
    if (kindOf(name) === 'noun') return null
    return typeOnly && /[./]wire\.ts$/.test(name) ? null : 'the dashboard knows nouns, and types of the wire'
  }
  if (!name.startsWith('web/src/'))
    return WEB_PACKAGES.test(name) || (typeOnly && name === 'typebox') ? null : 'not for browsers'
  const [from, to] = [webRoomOf(file), webRoomOf(name)]
  if (isScreens(from) && isScreens(to) && from !== to)
    return /\.(queries|link|part)\.tsx?$/.test(name)
      ? null
      : "only queries, links and parts of another noun's folder"
  const floorOf = (room: string) => (isScreens(room) ? 'screens' : room)
  return floorFault(WEB, floorOf(from), floorOf(to))
}

/** A folder of the dashboard that is named after a noun. */
function isScreens(room: string): boolean {
  return !room.includes('.') && !WEB.flat().includes(room)
}

function webRoomOf(file: string): string {
  return file.split('/')[2] ?? ''
}

function packageFault(file: string, name: string, typeOnly: boolean): string | null {
  if (!typeOnly && kindOf(file) === 'noun' && name !== '@doorward/sdk/rules')
    return 'a noun runs in a browser: it imports the pure rules only'
  for (const [packages, allowed] of RESERVED)
    if (packages.test(name) && !allowed.test(file)) return `only ${allowed.source} may`
  return null
}

function roomFault(file: string, name: string): string | null {
  const [from, to] = [roomOf(file), roomOf(name)]
  if (from === to) {
    const floors = INSIDE[from]
    const fault = floors && floorFault(floors, innerRoomOf(file), innerRoomOf(name))
    return fault ?? kindFault(kindOf(file), kindOf(name))
  }
  if (to === 'config') return from === 'main' || from === 'serve' ? null : 'settings are handed in'
  if (from === 'main' && to === 'serve') return null
  return floorFault(SRC, from, to)
}

function kindFault(above: Kind, below: Kind): string | null {
  if (above === 'noun' && below !== 'noun') return 'a noun knows nouns only'
  if (above === 'store' && (below === 'routes' || below === 'use case' || below === 'wire'))
    return 'a store is below use cases and the wire'
  return above !== 'routes' && below === 'routes' ? 'routes are on top' : null
}

function floorFault(floors: Floors, from: string, to: string): string | null {
  if (from === to) return null
  const floorOf = (room: string) => floors.findIndex((rooms) => rooms.includes(room))
  for (const room of [from, to]) if (floorOf(room) === -1) return `there is no room ${room}`
  return floorOf(from) < floorOf(to) ? null : 'imports go down only'
}

function roomOf(file: string): string {
  const [, room = ''] = file.split('/')
  return room.replace(/\.ts$/, '')
}

function innerRoomOf(file: string): string {
  const [, room = '', inner = '', below] = file.split('/')
  return below === undefined ? room : inner
}

function sdkRoomOf(file: string): string {
  const [, , room = '', below] = file.split('/')
  return below === undefined ? 'entry points' : room
}

export function kindOf(file: string): Kind {
  const name = file.split('/').at(-1) ?? ''
  if (name.endsWith('.routes.ts')) return 'routes'
  if (name.endsWith('.wire.ts')) return 'wire'
  if (name.endsWith('.store.ts')) return 'store'
  return NOUNS.has(name) && !file.includes('/grant-types/') ? 'noun' : 'use case'
}

const NOUNS = new Set([
  'accent.ts',
  'branding.ts',
  'drawn-image.ts',
  'jpeg-logo.ts',
  'logo.ts',
  'png-logo.ts',
  'webp-logo.ts',
  'person.ts',
  'admin-key.ts',
  'audit-action.ts',
  'audit-action-format.ts',
  'audit-event.ts',
  'auto-rotation.ts',
  'authorization-code.ts',
  'authorization-request.ts',
  'bulk-change.ts',
  'catalogue.ts',
  'change.ts',
  'client.ts',
  'client-rules.ts',
  'consent.ts',
  'evidence.ts',
  'expiry.ts',
  'facts.ts',
  'finding.ts',
  'finding-actions.ts',
  'directory-actions.ts',
  'disabling.ts',
  'grant.ts',
  'job.ts',
  'key.ts',
  'key-filter.ts',
  'key-actions.ts',
  'login-challenge.ts',
  'mail.ts',
  'mail-content.ts',
  'notice.ts',
  'oauth-actions.ts',
  'owner.ts',
  'permission.ts',
  'policy.ts',
  'policy-fields.ts',
  'policy-preset.ts',
  'reach.ts',
  'redirect-uri.ts',
  'refused-attempt.ts',
  'remedy.ts',
  'return-path.ts',
  'role.ts',
  'scope.ts',
  'scope-use.ts',
  'secret.ts',
  'session.ts',
  'single-sign-on.ts',
  'staff-actions.ts',
  'staff-link.ts',
  'staff-session.ts',
  'staff.ts',
  'stored-token.ts',
  'usage.ts',
  'user.ts',
  'why-not-by-policy.ts',
  'verifier.ts',
  'arrival.ts',
])
