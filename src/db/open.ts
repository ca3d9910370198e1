import { Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import { lockDirectory } from './directory-lock.ts'
import { listenOnPostgres } from './listen.ts'
import { preparedName } from './prepared.ts'
import type { Db, Schema } from './schema.ts'

/** The only file that knows which engine runs. */
export interface Database {
  readonly db: Db
  readonly engine: 'postgres' | 'pglite'
  /**
   * Hears of notifications on a channel. They are hints: some are lost whenever a connection breaks, and after each
   * break one is given for good measure.
   */
  listen(channel: string, hear: () => void): Promise<void>
  close(): Promise<void>
}

export type DatabasePlace = { readonly databaseUrl: string } | { readonly dataDir: string }

/**
 * Opens Postgres, or PGlite in a directory that is made where it is missing (the first time takes some seconds).
 * Does not migrate.
 *
 * @param connections to Postgres at most, besides one to listen on
 * @throws DirectoryInUseError where another process has the directory
 */
export async function openDatabase(place: DatabasePlace, connections = CONNECTIONS): Promise<Database> {
  return 'databaseUrl' in place
    ? openPostgres(place.databaseUrl, connections)
    : await openPglite(place.dataDir)
}

/** Of a whole server to Postgres, at most. */
export const CONNECTIONS = 10

/** `bigint` as a number: counts here stay far below 2^53. `pg` would give text. */
const INT8_OID = 20
pg.types.setTypeParser(INT8_OID, Number)

const ANSWER_WITHIN_MS = 10_000

/** Kysely hands over a text and its values; whether it is worth a plan that is kept stands in the text. */
class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: the driver's own method has a dozen forms, all handed on as they are
  override query(...args: any[]): any {
    const [text, values] = args
    const name = typeof text === 'string' ? preparedName(text) : undefined
    return name === undefined
      ? Reflect.apply(super.query, this, args)
      : super.query({ name, text, values: values ?? [] })
  }
}

function openPostgres(connectionString: string, connections: number): Database {
  const pool = new pg.Pool({
    Client: PreparingClient,
    connectionString,
    application_name: 'doorward',
    max: connections,
    connectionTimeoutMillis: 3_000,
    query_timeout: ANSWER_WITHIN_MS,
    statement_timeout: ANSWER_WITHIN_MS,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 10_000,
  })
  // A connection that breaks is replaced at the next query, and a query that was under way rejects. Without listeners
  // the event would end the process: the pool's are for idle connections, the client's for those between two queries.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    // Where the network swallows everything, a query is given up, but its connection would go back to the pool and
    // take the next one. Within this time a live server has answered, if only with its own timeout.
    const { stream } = client.connection
    if (stream instanceof Socket) stream.setTimeout(ANSWER_WITHIN_MS, () => stream.destroy())
  })
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const listeners: { close(): Promise<void> }[] = []
  return {
    db,
    engine: 'postgres',
    listen: async (channel, hear) => void listeners.push(listenOnPostgres(connectionString, channel, hear)),
    close: async () => {
      for (const listener of listeners) await listener.close()
      await db.destroy()
    },
  }
}

async function openPglite(dataDir: string): Promise<Database> {
  const directory = resolve(dataDir)
  const unlock = lockDirectory(directory)
  try {
    const pglite = await PGlite.create(join(directory, 'pgdata'))
    const db = new Kysely<Schema>({ dialect: new PGliteDialect({ pglite }) })
    const close = async () => {
      await db.destroy()
      unlock()
    }
    const listen = async (channel: string, hear: () => void) => void (await pglite.listen(channel, hear))
    return { db, engine: 'pglite', listen, close }
  } catch (error) {
    unlock()
    throw error
  }
}
