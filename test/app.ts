import { mintCredential, Secret } from '@doorward/sdk/kernel'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { ensureFirstAdminKey } from '../src/admin-keys/first-admin-key.ts'
import { buildApp, type Parts, type Settings } from '../src/app.ts'
import type { Database } from '../src/db/database.ts'
import type { Db } from '../src/db/schema.ts'
import { openLog } from '../src/http/log.ts'
import type { Permission } from '../src/management/permission.ts'
import { DEFAULT_TOKEN_LIFETIMES } from '../src/oauth/tokens/token-lifetimes.ts'
import { type TestClock, testClock } from './clock.ts'
import { openTestDatabase, type PlacePreparation } from './database.ts'

export interface TestAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** Parsed if it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers field by field, and fail where one is missing
  readonly body: any
  readonly text: string
}

export interface TestApp {
  readonly app: FastifyInstance
  readonly db: Db
  readonly database: Database
  readonly clock: TestClock
  /** The first admin key, with all permissions. */
  readonly adminKey: string
  /** The whole log, at the lowest level. */
  readonly log: () => string
  /** Sends a request with the first admin key, another one, or null for none. */
  call(method: string, url: string, body?: unknown, more?: CallOptions): Promise<TestAnswer>
  /** Creates an admin key with some permissions, bound to an owner if one is named. */
  adminKeyWith(permissions: readonly Permission[], ownerId?: string): Promise<string>
  /** Creates a key of an owner; declares its scopes if they are new. */
  keyFor(ownerId: string, more?: Record<string, unknown>): Promise<{ id: string; secret: string }>
  /** Creates a client of an owner (null: the API provider), confidential by default. */
  clientFor(ownerId: string | null, more?: Record<string, unknown>): Promise<TestClient>
  close(): Promise<void>
}

export interface TestClient {
  readonly client_id: string
  readonly client_secret: string
}

export interface CallOptions {
  readonly as?: string | null
  readonly headers?: Record<string, string | string[]>
  /** A database other than the app's own: another node. */
  readonly node?: FastifyInstance
}

export const DEFAULT_SETTINGS: Settings = {
  publicUrl: 'http://doorward.test',
  hosts: [],
  brand: null,
  policy: { environments: ['live', 'test'], maxLifetimeSeconds: null, maxKeysPerOwner: 1000 },
  testEnvironments: ['test'],
  requiresSecondFactor: false,
  trustedProxies: null,
  ssoNetworks: null,
  forwardAuth: null,
  serverSecret: new Secret('a server secret for the tests, of 32 bytes and more'),
  loginUrl: null,
  oauth: {
    lifetimes: DEFAULT_TOKEN_LIFETIMES,
    grantSeconds: null,
    documentHosts: 'none',
    registration: false,
  },
}

/** Little work per password hash; the real amount has its own test. */
const QUICK_LOG_N = 10

/** Opens another node on the database and the clock of a test's app; the test closes it. */
export async function openSecondNode(
  { database, clock }: TestApp,
  settings: Partial<Settings> = {},
): Promise<FastifyInstance> {
  const log = openLog('silent')
  const all = { ...DEFAULT_SETTINGS, ...settings }
  return await buildApp({ database, clock, log, settings: all, passwordLogN: QUICK_LOG_N, jobs: [] })
}

/** Opens the whole app on its own database, with a settable clock and without a socket. */
export async function openTestApp(
  settings: Partial<Settings> = {},
  {
    preparePlace,
    jobs = [],
    ...more
  }: Pick<Parts, 'fetchDocument' | 'providerFetch' | 'dashboard' | 'jobs'> & {
    preparePlace?: PlacePreparation
  } = {},
): Promise<TestApp> {
  const clock = testClock()
  const { database, close: closeDatabase } = await openTestDatabase(preparePlace)
  const lines: string[] = []
  const log = openLog('trace', { write: (line) => lines.push(line) })
  const first = mintCredential('admin_key')
  const system = { actor: { kind: 'system', id: null }, ip: null, requestId: null, now: clock.now() } as const
  await ensureFirstAdminKey(database.db, system, null, first)
  const app = await buildApp({
    ...more,
    database,
    clock,
    log,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    passwordLogN: QUICK_LOG_N,
    jobs,
  })
  const adminKey = first.reveal()

  const call: TestApp['call'] = async (
    method,
    url,
    body,
    { as = adminKey, headers = {}, node = app } = {},
  ) => {
    const answer = await node.inject({
      method: method as NonNullable<InjectOptions['method']>,
      url,
      headers: { ...(as === null ? {} : { authorization: `Bearer ${as}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object }),
    })
    if (answer.statusCode === 500)
      throw new Error(`a bug: ${lines.findLast((line) => line.includes('"internal error"'))}`)
    const json = answer.body !== '' && /json(?!l)/.test(String(answer.headers['content-type']))
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: json ? answer.json() : null,
      text: answer.body,
    }
  }
  return {
    app,
    db: database.db,
    database,
    clock,
    adminKey,
    log: () => lines.join(''),
    call,
    adminKeyWith: async (permissions, ownerId) => {
      const made = await call('POST', '/v1/admin-keys', {
        name: 'test',
        permissions,
        owner_id: ownerId ?? null,
      })
      if (made.status !== 201) throw new Error(made.text)
      return made.body.secret
    },
    keyFor: async (ownerId, more = {}) => {
      const scopes = ('scopes' in more ? more.scopes : ['orders:read']) as string[]
      for (const name of scopes) await call('POST', '/v1/scopes', { name, description: `Allows ${name}` })
      const asked = { owner_id: ownerId, name: 'a key', environment: 'live', scopes, ...more }
      const made = await call('POST', '/v1/keys', asked)
      if (made.status !== 201) throw new Error(made.text)
      return made.body
    },
    clientFor: async (ownerId, more = {}) => {
      const scopes = ('scopes' in more ? more.scopes : ['orders:read']) as string[]
      for (const name of scopes) await call('POST', '/v1/scopes', { name, description: `Allows ${name}` })
      const asked = { name: 'An app', type: 'confidential', redirect_uris: ['https://app.example.com/cb'] }
      const made = await call('POST', '/v1/clients', { ...asked, owner_id: ownerId, scopes, ...more })
      if (made.status !== 201) throw new Error(made.text)
      return made.body
    },
    close: async () => {
      await app.close()
      await closeDatabase()
    },
  }
}
