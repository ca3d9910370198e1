import type { Db } from './schema.ts'

/** An open database. Only `open.ts` and `postgres.ts` know the engine behind it. */
export interface Database {
  readonly db: Db
  /**
   * The same database on connections of its own, for the short, lock-free queries that verdicts wait for, also those of
   * SDKs: no list and no change holds them up. On PGlite it is `db`, which has one connection.
   */
  readonly verdicts: Db
  /** Statements of `db` that can run at once. */
  readonly connections: number
  readonly engine: 'postgres' | 'pglite'
  /** Connections without time limits, for work on the schema; the caller destroys it. On PGlite null: use `db`. */
  openForMigrations(): Db | null
  /**
   * Calls back on each notification of a channel. Notifications are hints: a broken connection loses some, so one call is
   * added after each reconnect. None arrive through a connection pooler.
   */
  listen(channel: string, onNotification: () => void): Promise<void>
  close(): Promise<void>
}

export interface PostgresPlace {
  readonly databaseUrl: string
  /** The same database past a connection pooler, to listen and to migrate. Default: `databaseUrl`. */
  readonly directUrl?: string | undefined
}

export type DatabasePlace = PostgresPlace | { readonly dataDir: string }

/** Receives messages for the operator. */
export type Notice = (level: 'info' | 'warn', message: string) => void

export interface OpenOptions {
  /** Most connections to Postgres, besides those for verdicts and one to listen on. */
  readonly connections: number
  readonly verdictConnections: number
  /** True to prepare the most frequent statements. Null: only where no pooler lends the connection. */
  readonly prepares: boolean | null
  readonly notice: Notice
}
