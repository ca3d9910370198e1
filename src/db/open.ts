import { join, resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { lockDirectory } from './directory-lock.ts'
import { momentOfText, noMoment } from './moments.ts'
import { openPostgres } from './postgres.ts'
import type { Db, Schema } from './schema.ts'
import { settingsOf } from './session.ts'

/** `postgres.ts` and this are the only files that know which engine runs. */
export interface Database {
  readonly db: Db
  /**
   * The same database, for what verdicts and their certainty wait for: short questions that take no lock. Its connections
   * are its own, so that no list and no change holds them up. On PGlite it is `db`, which has one connection.
   */
  readonly verdicts: Db
  /** How many statements of `db` run at once. */
  readonly connections: number
  readonly engine: 'postgres' | 'pglite'
  /** Connections without time limits, for work on the schema; the caller destroys it. On PGlite null: use `db`. */
  openForMigrations(): Db | null
  /**
   * Hears of notifications on a channel. They are hints: some are lost whenever a connection breaks, and after each
   * break one is given for good measure. None arrive through a connection pooler.
   */
  listen(channel: string, hear: () => void): Promise<void>
  close(): Promise<void>
}

export interface PostgresPlace {
  readonly databaseUrl: string
  /** The same database past a connection pooler, to listen and to migrate. Default: `databaseUrl`. */
  readonly directUrl?: string | undefined
}

export type DatabasePlace = PostgresPlace | { readonly dataDir: string }

/** Told what an operator should know. */
export type Notice = (level: 'info' | 'warn', message: string) => void

export interface OpenOptions {
  /** To Postgres at most, besides those for verdicts and one to listen on. */
  readonly connections: number
  readonly verdictConnections: number
  /** Whether to prepare the statements that are asked most. Null: where the connection is not lent by a pooler. */
  readonly prepares: boolean | null
  readonly notice: Notice
}

/** Of a whole server to Postgres, at most, besides one to listen on. */
export const CONNECTIONS = 12
/** A worker's share of either kind is never less: a change that waits for a lock must not hold up the next. */
const LEAST_CONNECTIONS = 2
/** Of these a third is for verdicts, whose questions are short. */
const VERDICT_PART = 3

/** How a server's connections are divided, between its workers and between the two kinds. */
export function shareOf(
  connections: number,
  workers: number,
): Pick<OpenOptions, 'connections' | 'verdictConnections'> {
  const share = Math.floor(connections / workers)
  const verdictConnections = Math.max(LEAST_CONNECTIONS, Math.floor(share / VERDICT_PART))
  return { connections: Math.max(LEAST_CONNECTIONS, share - verdictConnections), verdictConnections }
}

/**
 * Opens Postgres, or PGlite in a directory that is made where it is missing (the first time takes some seconds).
 * Does not migrate.
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
    const listen = async (channel: string, hear: () => void) => void (await pglite.listen(channel, hear))
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
