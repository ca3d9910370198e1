import type { Secret } from '@doorward/sdk/kernel'
import type { InjectOptions } from 'fastify'
import { ensureFirstAdminKey, makeRecoveryKey } from '../../src/admin-keys/first-admin-key.ts'
import { JOBS, mailJobs } from '../../src/all-jobs.ts'
import { buildApp } from '../../src/app.ts'
import { systemOrigin } from '../../src/audit/audit-event.ts'
import type { Clock } from '../../src/base/clock.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { migrate, pendingMigrations } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { secretBeside } from '../../src/db/secret-file.ts'
import { openLog } from '../../src/http/log.ts'
import { readDashboard } from '../../src/pages/dashboard.ts'
import { makeFirstLink, pathOfLink } from '../../src/staff/make-staff-link.ts'
import { startFailureOf } from '../../src/start-failure.ts'
import { DOCUMENTS } from './documents.ts'

const FIRST_MIGRATION = '0001-foundation'
/** Little work for a password's hash: those of the demo have 96 random bits. */
const PASSWORD_LOG_N = 11

/** A request to the server, without a socket. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Address of the caller. */
  readonly ip?: string
}

export interface Answer {
  readonly status: number
  readonly location: string | null
  readonly cookies: readonly string[]
  readonly text: string
}

/** The whole server in this process, on the real database, with a clock that is turned. */
export interface ClockedServer {
  readonly publicUrl: string
  now(): Date
  /** Turns the clock; it never goes back. */
  turnTo(at: Date): void
  send(request: Request): Promise<Answer>
  /** Creates an admin key with all permissions. */
  createAdminKey(): Promise<Secret>
  /** Path of the one-time link with which somebody becomes the first administrator; null where there is staff. */
  firstStaffLink(): Promise<string | null>
  /** Listens on the loopback address, with the clock where it is. */
  listen(port: number): Promise<void>
  /** Runs the housekeeping that a server does every ten minutes. */
  tidy(): Promise<void>
  close(): Promise<void>
}

/** An open database, which is still as it was. */
export interface DemoDatabase {
  /** Ids of its owners, a thousand at most. */
  readonly owners: readonly string[]
  /** Migrates it, and opens the server on it with the clock at a moment. */
  serve(startAt: Date): Promise<ClockedServer>
  close(): Promise<void>
}

/** Reads the server's own settings. @throws Error with all faults */
export function readDemoConfig(env: NodeJS.ProcessEnv): Config {
  const config = readConfig(env)
  if ('faults' in config) throw new Error(`Invalid configuration:\n  ${config.faults.join('\n  ')}`)
  return config
}

/** Says why the database cannot be opened, as the server does. */
export function wordsOfFailure(error: unknown): string {
  return startFailureOf(error, null).words
}

/**
 * Opens the application as `src/serve.ts` does, except for the clock. This is the only file of the examples that imports
 * from the server: the data is made by its API, so that no rule has a second implementation.
 */
export async function openDemoDatabase({
  place,
  settings,
}: Pick<Config, 'place' | 'settings'>): Promise<DemoDatabase> {
  const serverSecret = settings.serverSecret ?? null
  if (serverSecret === null && !('dataDir' in place))
    throw new Error(
      'Set DOORWARD_SECRET to the same as for the server: users of the demo sign in and connect apps.',
    )
  const database = await openDatabase(place)
  const close = async () => await database.close()
  try {
    const owners = await ownersOf(database)
    const serve = (startAt: Date) => serveOn(database, startAt, { place, settings })
    return { owners, serve, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function ownersOf(database: Database): Promise<string[]> {
  if ((await pendingMigrations(database.db)).includes(FIRST_MIGRATION)) return []
  const rows = await database.db.selectFrom('owners').select('id').orderBy('id').limit(1000).execute()
  return rows.map(({ id }) => id)
}

async function serveOn(
  database: Database,
  startAt: Date,
  { place, settings }: Pick<Config, 'place' | 'settings'>,
): Promise<ClockedServer> {
  let at = startAt
  const clock: Clock = { now: () => at, nowMs: () => at.getTime(), steadyMs: () => at.getTime() }
  await migrate(database)
  const app = await buildApp({
    database,
    clock,
    log: openLog('silent'),
    runsJobs: false,
    dashboard: readDashboard(new URL('../../web/dist/', import.meta.url)),
    passwordLogN: PASSWORD_LOG_N,
    settings: {
      ...settings,
      serverSecret: settings.serverSecret ?? ('dataDir' in place ? secretBeside(place.dataDir) : null),
      forwardAuth: null,
      loginUrl: null,
      policy: { environments: ['live', 'test'], maxLifetimeSeconds: null, maxKeysPerOwner: 1000 },
      oauth: { ...settings.oauth, registration: true, documentHosts: 'any' },
    },
    fetchDocument: async (url) => {
      const json = DOCUMENTS.get(url)
      return json === undefined
        ? { ok: false, no: 'not_reached' }
        : { ok: true, value: { json, maxAgeSeconds: 86_400 } }
    },
  })
  const { host } = new URL(settings.publicUrl)
  return {
    publicUrl: settings.publicUrl,
    now: () => at,
    turnTo: (next) => {
      if (next > at) at = next
    },
    send: async ({ method, path, headers = {}, body, ip }) => {
      const answer = await app.inject({
        method: method as NonNullable<InjectOptions['method']>,
        url: path,
        headers: { host, 'user-agent': 'node', ...headers },
        ...(ip === undefined ? {} : { remoteAddress: ip }),
        ...(body === undefined ? {} : { payload: body }),
      })
      return {
        status: answer.statusCode,
        location: answer.headers.location ?? null,
        cookies: [answer.headers['set-cookie'] ?? []].flat(),
        text: answer.body,
      }
    },
    createAdminKey: async () => {
      const origin = systemOrigin(at)
      const first = await ensureFirstAdminKey(database.db, origin, settings.brand, null)
      return first.outcome === 'made'
        ? first.secret
        : await makeRecoveryKey(database.db, origin, settings.brand)
    },
    firstStaffLink: async () => {
      const token = await makeFirstLink(database.db, systemOrigin(at))
      return token === null ? null : pathOfLink(token)
    },
    listen: async (port) => {
      await app.listen({ port, host: '127.0.0.1' })
    },
    tidy: async () => {
      const mailing = { mailer: null, publicUrl: settings.publicUrl }
      for (const job of [...JOBS, ...mailJobs(mailing, clock)]) await job.run(database.db, at)
    },
    close: async () => await app.close(),
  }
}
