import { readFileSync } from 'node:fs'
import type { Secret } from '@doorward/sdk/kernel'
import { Value } from 'typebox/value'
import { ensureFirstAdminKey } from './admin/first-admin-key.ts'
import { buildApp } from './app.ts'
import type { Origin } from './audit/audit-event.ts'
import { systemClock } from './base/clock.ts'
import type { Config } from './config.ts'
import { migrate } from './db/migrate.ts'
import { type Database, openDatabase } from './db/open.ts'
import { secretBeside } from './db/secret-file.ts'
import { transact } from './db/transact.ts'
import { type Logger, openLog } from './http/log.ts'
import { applyCatalogue, type Catalogue } from './scopes/apply-catalogue.ts'
import { CatalogueFile } from './scopes/scope.wire.ts'

/** How long requests under way may take when the server is told to stop. */
const STOP_WITHIN_MS = 10_000

/** Opens, migrates, prepares and listens, until a signal ends it. */
export async function serve(config: Config): Promise<void> {
  const log = openLog(config.logLevel)
  const database = await openDatabase(config.place)
  const app = await listen(config, database, log).catch(async (error: unknown): Promise<never> => {
    // An open database would keep the process, and its directory, for ever.
    await database.close()
    throw error
  })

  let stopping = false
  const stop = async (signal: string) => {
    // Ctrl-C comes twice where npm passes it on as well as the terminal: a second one must not cut the stop short.
    if (stopping) return
    stopping = true
    log.info({ signal }, 'stopping: no new connections, finishing what is under way')
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
    await app.close()
    await database.close()
    log.info('stopped')
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal))
}

async function listen(config: Config, database: Database, log: Logger) {
  const applied = await migrate(database)
  log.info({ engine: database.engine, migrations: applied }, 'database is open')
  if (config.cataloguePath !== null) await prepareCatalogue(database, config.cataloguePath, log)
  // Last: an admin key that is made and shown once must not be followed by a fault that hides it.
  await prepareAdminKey(database, config, log)

  const settings = { ...config.settings, serverSecret: serverSecretOf(config) }
  if (settings.serverSecret === null)
    log.info('people cannot sign in: set DOORWARD_SECRET (openssl rand -base64 32) to let them')
  else if (isPlainHttp(settings.publicUrl))
    log.warn(
      { public_url: settings.publicUrl },
      'people would sign in without TLS: set PUBLIC_URL to an https:// URL',
    )
  const app = await buildApp({ database, clock: systemClock, log, settings })
  await app.listen({ port: config.port, host: config.host })
  log.info({ at: app.server.address(), public_url: config.settings.publicUrl }, 'listening')
  return app
}

/** Configured, or kept beside the embedded database. Postgres is shared, and a secret of one server's own is none. */
function serverSecretOf({ settings, place }: Config): Secret | null {
  return settings.serverSecret ?? ('dataDir' in place ? secretBeside(place.dataDir) : null)
}

function isPlainHttp(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl)
  return protocol === 'http:' && !/^(127\..*|localhost|\[::1\])$/.test(hostname)
}

export function systemOrigin(): Origin {
  return { actor: { kind: 'system', id: null }, ip: null, requestId: null, now: systemClock.now() }
}

async function prepareAdminKey({ db }: Database, config: Config, log: Logger): Promise<void> {
  const first = await ensureFirstAdminKey(db, systemOrigin(), config.settings.brand, config.firstAdminKey)
  if (first.outcome === 'made')
    process.stderr.write(
      `\n  Your first admin key. It is shown once and can do everything; keep it where secrets are kept:\n\n` +
        `    ${first.secret.reveal()}\n\n`,
    )
  if (first.outcome === 'registered') log.info('DOORWARD_ADMIN_KEY is registered as the first admin key')
  if (first.outcome === 'ignored')
    log.warn('DOORWARD_ADMIN_KEY is not registered: there are admin keys already, and it is none of them')
}

async function prepareCatalogue({ db }: Database, path: string, log: Logger): Promise<void> {
  const catalogue = readCatalogue(path)
  const done = await transact(db, (tx) => applyCatalogue(tx, systemOrigin(), catalogue))
  if (!done.ok) throw new Error(`The catalogue in ${path} cannot be applied: ${done.no.detail}`)
  log.info({ changed: done.value }, 'the catalogue is as its file says')
}

function readCatalogue(path: string): Catalogue {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`DOORWARD_CATALOGUE: ${path} cannot be read as JSON.`, { cause: error })
  }
  if (Value.Check(CatalogueFile, content)) return content as Catalogue
  const faults = [...Value.Errors(CatalogueFile, content)].map(
    (fault) => `${fault.instancePath || '/'} ${fault.message}`,
  )
  throw new Error(`DOORWARD_CATALOGUE: ${path} is no catalogue:\n  ${faults.slice(0, 10).join('\n  ')}`)
}
