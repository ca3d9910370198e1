import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Secret } from '@doorward/sdk/kernel'
import { ensureFirstAdminKey } from './admin-keys/first-admin-key.ts'
import { buildApp, type Parts } from './app.ts'
import { systemOrigin } from './audit/audit-event.ts'
import { systemClock } from './base/clock.ts'
import type { Config } from './config.ts'
import type { Database, Notice } from './db/database.ts'
import { migrate } from './db/migrate.ts'
import { openDatabase, shareOf } from './db/open.ts'
import { secretBeside } from './db/secret-file.ts'
import { transact } from './db/transact.ts'
import { readForwardAuth } from './forward-auth/forward-auth.wire.ts'
import type { ForwardAuthRules } from './forward-auth/forward-auth-rules.ts'
import { type Logger, openLog } from './http/log.ts'
import { faultsInFile } from './http/validate-file.ts'
import { openMailer } from './mail/mailer.ts'
import { readDashboard } from './pages/dashboard.ts'
import { applyCatalogue, type Catalogue } from './scopes/apply-catalogue.ts'
import { CatalogueFile } from './scopes/scope.wire.ts'
import { makeFirstLink, pathOfLink } from './staff/make-staff-link.ts'
import { ConfigurationError } from './start-failure.ts'
import { disconnectFromPrimary, isWorker, startWorkers } from './workers.ts'

/** Where `npm run build:web` puts the dashboard. */
const DASHBOARD = new URL('../web/dist/', import.meta.url)
/** Requests under way get this long after a stop was requested; then their connections are closed. */
const STOP_WITHIN_MS = 10_000
/** After this, a stop that hangs ends the process with exit code 1. */
const GIVE_UP_AFTER_MS = STOP_WITHIN_MS + 3_000
/** Workers get this long to stop before they are killed: longer than they give themselves. */
const KILL_AFTER_MS = GIVE_UP_AFTER_MS + 2_000

/** Opens the database, migrates, prepares and listens until a signal; with several workers, in several processes. */
export async function serve(config: Config): Promise<void> {
  const { workers, workerPlace } = config
  const log = openLog(config.logLevel)
  if (isWorker()) {
    const mine = log.child({ worker: workerPlace })
    return await serveHere(config, mine, workerPlace).catch((error: unknown): never => {
      disconnectFromPrimary()
      throw error
    })
  }
  if (config.ignored.length > 0)
    log.info({ names: config.ignored }, 'settings of programs that call Doorward are ignored')
  if (workers === 1) return await serveHere(config, log, null)

  readForwardAuthRules(config)
  await withDatabase(config, log, (database) => prepare(config, database, log))
  await startWorkers({ workers, log, stopWithinMs: config.drainSeconds * 1000 + KILL_AFTER_MS })
  await withDatabase(config, log, (database) => makeFirsts(database, config))
}

/** @param place number among the workers, for which all is prepared already; null for a single process */
async function serveHere(config: Config, log: Logger, place: number | null): Promise<void> {
  const forwardAuth = readForwardAuthRules(config)
  const database = await open(config, log)
  // Loaded where there is a Redis alone: its client is half a hundred modules.
  const shared =
    config.redis === null
      ? null
      : (await import('./limits/shared-limiter.ts')).openSharedLimiter(config.redis, log)
  if (shared === null && config.workers > 1 && place === 1)
    log.warn('each worker counts rate limits for itself; name a Redis in REDIS_URL, and they count together')
  let draining = false
  const start = async () => {
    if (place === null) await prepare(config, database, log)
    const runsJobs = place === null || place === 1
    const limiter = shared?.limiter
    const name = place === null ? hostname() : `${hostname()} (worker ${place})`
    const parts = { database, log, runsJobs, limiter, name, isDraining: () => draining }
    const app = await listen(config, forwardAuth, parts)
    if (place === null) await makeFirsts(database, config)
    return app
  }
  const app = await start().catch(async (error: unknown): Promise<never> => {
    // An open database would keep the process alive, and its directory locked.
    await database.close()
    shared?.close()
    throw error
  })

  const hurry = new AbortController()
  const stop = async (signal: string) => {
    // Ctrl-C arrives twice where npm passes it on as well as the terminal: the second must not cut the stop short.
    if (draining) return hurry.abort()
    draining = true
    const drainMs = signal === 'SIGTERM' ? config.drainSeconds * 1000 : 0
    if (drainMs > 0) {
      log.info({ signal, drain_ms: drainMs }, 'stopping: not ready any more, and still answering')
      await sleep(drainMs, undefined, { signal: hurry.signal }).catch(() => {})
    }
    log.info({ signal }, 'stopping: no new connections, finishing what is under way')
    setTimeout(() => {
      log.warn({ after_ms: STOP_WITHIN_MS }, 'stopping: requests that are still under way are cut off')
      app.server.closeAllConnections()
    }, STOP_WITHIN_MS).unref()
    setTimeout(() => {
      log.error('stopping: something does not end')
      process.exit(1)
    }, GIVE_UP_AFTER_MS).unref()
    await app.close()
    await database.close()
    shared?.close()
    log.info('stopped')
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal))
}

async function withDatabase(
  config: Config,
  log: Logger,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await open(config, log)
  await work(database).finally(() => database.close())
}

async function open(config: Config, log: Logger): Promise<Database> {
  const { place, prepares, connections, workers } = config
  return await openDatabase(place, { ...shareOf(connections, workers), prepares, notice: noticesIn(log) })
}

function noticesIn(log: Logger): Notice {
  return (level, message) => log[level](message)
}

async function prepare(config: Config, database: Database, log: Logger): Promise<void> {
  const applied = await migrate(database, noticesIn(log))
  log.info({ engine: database.engine, migrations: applied }, 'database is open')
  if (config.cataloguePath !== null) await prepareCatalogue(database, config.cataloguePath, log)
  await registerGivenAdminKey(database, config, log)
  if (serverSecretOf(config) === null)
    log.warn(
      'OAuth is off, and neither staff nor users can sign in: set DOORWARD_SECRET (openssl rand -base64 32)',
    )
  else if (isPlainHttp(config.settings.publicUrl))
    log.warn(
      { public_url: config.settings.publicUrl },
      'people would sign in without TLS: set PUBLIC_URL to an https:// URL',
    )
  if (/^http:\/\/(0\.0\.0\.0|\[::\])(:|$)/.test(config.settings.publicUrl))
    log.warn(
      { public_url: config.settings.publicUrl },
      'nobody reaches this server under the address that it listens on: set PUBLIC_URL',
    )
}

async function listen(
  config: Config,
  forwardAuth: ForwardAuthRules | null,
  parts: Pick<Parts, 'database' | 'log' | 'runsJobs' | 'limiter' | 'name' | 'isDraining'>,
) {
  const settings = { ...config.settings, forwardAuth, serverSecret: serverSecretOf(config) }
  const dashboard = readDashboard(DASHBOARD)
  if (dashboard === null) parts.log.warn('the dashboard is not built: npm run build:web')
  const mailer = config.smtp === null ? null : openMailer(config.smtp, new URL(settings.publicUrl).hostname)
  const app = await buildApp({ ...parts, clock: systemClock, settings, dashboard, mailer })
  await app.listen({ port: config.port, host: config.host }).catch(async (error: unknown): Promise<never> => {
    await app.close()
    throw error
  })
  parts.log.info({ at: app.server.address(), public_url: settings.publicUrl }, 'listening')
  return app
}

/**
 * The configured secret, or the one beside the embedded database. Servers on one Postgres must share a secret, so
 * none is made.
 */
function serverSecretOf({ settings, place }: Config): Secret | null {
  return settings.serverSecret ?? ('dataDir' in place ? secretBeside(place.dataDir) : null)
}

function isPlainHttp(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl)
  return protocol === 'http:' && !/^(127\..*|localhost|\[::1\])$/.test(hostname)
}

/** Called once the server listens: a key that is shown once must not be followed by an error that hides it. */
async function makeFirstAdminKey({ db }: Database, { firstAdminKey, settings }: Config): Promise<void> {
  if (firstAdminKey !== null) return
  const first = await ensureFirstAdminKey(db, systemOrigin(systemClock.now()), settings.brand, null)
  if (first.outcome === 'made')
    process.stderr.write(
      `\n  Your first admin key. It is shown once and can do everything; keep it where secrets are kept:\n\n` +
        `    ${first.secret.reveal()}\n\n`,
    )
}

/** Creates what a new installation is entered with, once the server listens. */
async function makeFirsts(database: Database, config: Config): Promise<void> {
  await makeFirstAdminKey(database, config)
  await showFirstLink(database, config)
}

/** Until there is staff, each start shows a new link. */
async function showFirstLink({ db }: Database, config: Config): Promise<void> {
  if (serverSecretOf(config) === null) return
  const link = await makeFirstLink(db, systemOrigin(systemClock.now()))
  if (link === null) return
  const url = config.settings.publicUrl + pathOfLink(link)
  // `npm start` shows it among everything else that is shown once.
  process.send?.({ firstLink: url })
  process.stderr.write(
    `\n  Become the first administrator of the dashboard. The link works once, within an hour:\n\n` +
      `    ${url}\n\n`,
  )
}

async function registerGivenAdminKey({ db }: Database, config: Config, log: Logger): Promise<void> {
  const { firstAdminKey, settings } = config
  if (firstAdminKey === null) return
  const first = await ensureFirstAdminKey(db, systemOrigin(systemClock.now()), settings.brand, firstAdminKey)
  if (first.outcome === 'registered') log.info('DOORWARD_ADMIN_KEY is registered as the first admin key')
  if (first.outcome === 'ignored')
    log.warn('DOORWARD_ADMIN_KEY is not registered: there are admin keys already, and it is none of them')
}

async function prepareCatalogue({ db }: Database, path: string, log: Logger): Promise<void> {
  const catalogue = readCatalogue(path)
  const done = await transact(db, (tx) => applyCatalogue(tx, systemOrigin(systemClock.now()), catalogue))
  if (!done.ok) throw new ConfigurationError(`The catalogue in ${path} cannot be applied: ${done.no.detail}`)
  log.info({ changed: done.value }, 'the catalogue is as its file says')
}

function readCatalogue(path: string): Catalogue {
  const content = readJson('DOORWARD_CATALOGUE', path)
  const faults = faultsInFile(CatalogueFile, content)
  if (faults.length === 0) return content as Catalogue
  throw new ConfigurationError(
    `DOORWARD_CATALOGUE: ${path} is not a valid catalogue:\n  ${faults.join('\n  ')}`,
  )
}

function readForwardAuthRules({ forwardAuthPath: path, settings }: Config): ForwardAuthRules | null {
  if (path === null) return null
  const read = readForwardAuth(readJson('DOORWARD_FORWARD_AUTH', path), settings.policy.environments)
  if (read.ok) return read.value
  throw new ConfigurationError(
    `DOORWARD_FORWARD_AUTH: ${path} holds invalid rules:\n  ${read.no.join('\n  ')}`,
  )
}

function readJson(variable: string, path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigurationError(`${variable}: ${path} cannot be read as JSON.`, error)
  }
}
