import { join, resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import type { Database, DatabasePlace, OpenOptions } from './database.ts'
import { lockDirectory } from './directory-lock.ts'
import { momentOfText, noMoment } from './moments.ts'
import { openPostgres } from './postgres.ts'
import type { Schema } from './schema.ts'
import { settingsOf } from './session.ts'

/** Most connections of a whole server to Postgres, besides one to listen on. */
export const CONNECTIONS = 12
/** Least share of a worker, of either kind: a change that waits for a lock must not hold up the next. */
const LEAST_CONNECTIONS = 2
/** A third is for verdicts, whose queries are short. */
const VERDICT_PART = 3

/** Divides a server's connections between its workers and between the two kinds. */
export function shareOf(
  connections: number,
  workers: number,
): Pick<OpenOptions, 'connections' | 'verdictConnections'> {
  const share = Math.floor(connections / workers)
  const verdictConnections = Math.max(LEAST_CONNECTIONS, Math.floor(share / VERDICT_PART))
  return { connections: Math.max(LEAST_CONNECTIONS, share - verdictConnections), verdictConnections }
}

/**
 * Opens Postgres, or PGlite in a directory, which is created if missing (the first time takes some seconds). Does not
 * migrate.
 *
 * @throws DirectoryInUseError where another process has the directory
 */
export async function openDatabase(
  place: DatabasePlace,
  options: Partial<OpenOptions> = {},
): Promise<Database> {
  return 'databaseUrl' in place
    ? openPostgres(place, { ...shareOf(CONNECTIONS, 1), prepares: null, notice: () => {}, ...options })
    : await openPglite(place.dataDir)
}

const [DATE, TIMESTAMP, TIMESTAMPTZ] = [1082, 1114, 1184] as const

async function openPglite(dataDir: string): Promise<Database> {
  const directory = resolve(dataDir)
  const unlock = lockDirectory(directory)
  try {
    const pglite = await PGlite.create(join(directory, 'pgdata'), {
      parsers: { [TIMESTAMPTZ]: momentOfText, [DATE]: noMoment, [TIMESTAMP]: noMoment },
    })
    for (const setting of settingsOf({ statementMs: 0, lockMs: 0 }))
      await pglite.query('select set_config($1, $2, false)', setting)
    const db = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
    const close = async () => {
      await db.destroy()
      unlock()
    }
    const listen = async (channel: string, onNotification: () => void) =>
      void (await pglite.listen(channel, onNotification))
    return {
      db,
      verdicts: db,
      connections: 1,
      engine: 'pglite',
      openForMigrations: () => null,
      listen,
      close,
    }
  } catch (error) {
    unlock()
    throw error
  }
}
