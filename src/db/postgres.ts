import { Socket } from 'node:net'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database, Notice, OpenOptions, PostgresPlace } from './database.ts'
import { listenOnPostgres } from './listen.ts'
import { momentOfText, noMoment } from './moments.ts'
import { preparedName } from './prepared.ts'
import type { Schema } from './schema.ts'
import {
  beginText,
  type Patience,
  PREPARE_SESSION,
  readSession,
  type Session,
  type SessionRow,
  STARTUP,
  settingsOf,
} from './session.ts'

/** For requests of people and programs. */
const USUAL: Patience = { statementMs: 10_000, lockMs: 5_000 }
/** For verdicts: after five seconds without an answer no cached record is trusted. */
const FOR_VERDICTS: Patience = { statementMs: 5_000, lockMs: 2_000 }
/** For work on the schema: no limits. Waiting for a lock is logged by the migration itself. */
const PATIENT: Patience = { statementMs: 0, lockMs: 0 }
/** The server reports its own timeout; a connection that is silent this much longer is given up. */
const SILENT_FOR_MS = 1_000
const CONNECT_WITHIN_MS = 3_000

/** One connection holds the migration lock, the other does the work. */
const CONNECTIONS_TO_MIGRATE = 2

const [INT8, DATE, TIMESTAMP, TIMESTAMPTZ, TIMESTAMPTZ_ARRAY] = [20, 1082, 1114, 1184, 1185] as const
/** `bigint` as a number: counts here stay far below 2^53. `pg` would give text. */
pg.types.setTypeParser(INT8, Number)
pg.types.setTypeParser(TIMESTAMPTZ, momentOfText)
const setParser: (oid: number, parse: (text: string) => never) => void = pg.types.setTypeParser
for (const oid of [DATE, TIMESTAMP, TIMESTAMPTZ_ARRAY]) setParser(oid, noMoment)

interface ConnectionKind {
  readonly patience: Patience
  /** Null: only where the session is ours alone. */
  readonly prepares: boolean | null
}

/** A `pg` client that detects a connection pooler and begins transactions accordingly. */
class SessionClient extends pg.Client {
  #kind: ConnectionKind = { patience: USUAL, prepares: false }
  #session: Session | undefined

  /** Runs before any other query. @throws UnfitDatabaseError */
  async prepareSession(kind: ConnectionKind): Promise<Session> {
    const settings = settingsOf(kind.patience)
    const pid = Number((this as unknown as { processID: number | null }).processID)
    const { rows }: pg.QueryResult<SessionRow> = await this.query(PREPARE_SESSION, [
      pid,
      settings.map(([name]) => name),
      settings.map(([, value]) => value),
    ])
    this.#kind = kind
    this.#session = readSession(rows)
    return this.#session
  }

  /** Called by `pg` for its startup message. */
  getStartupConf(): Record<string, string> {
    const { getStartupConf } = pg.Client.prototype as unknown as {
      getStartupConf: (this: SessionClient) => Record<string, string>
    }
    return { ...getStartupConf.call(this), ...STARTUP }
  }

  // biome-ignore lint/suspicious/noExplicitAny: the driver's own method has a dozen forms, all handed on as they are
  override query(...args: any[]): any {
    const [text, values] = args
    if (typeof text !== 'string') return Reflect.apply(super.query, this, args)
    const isPooled = this.#session?.isPooled ?? true
    // Kysely's statement to begin a transaction.
    if (text === 'begin') return super.query(beginText(this.#kind.patience, isPooled))
    const name = (this.#kind.prepares ?? !isPooled) ? preparedName(text) : undefined
    return name === undefined
      ? Reflect.apply(super.query, this, args)
      : super.query({ name, text, values: values ?? [] })
  }
}

/** Does not connect yet: the first query reports connection faults. */
export function openPostgres(place: PostgresPlace, options: OpenOptions): Database {
  const { databaseUrl, directUrl = databaseUrl } = place
  const { connections, verdictConnections, prepares, notice } = options
  const kind = (patience: Patience): ConnectionKind => ({ patience, prepares })
  const hints = pooledHints(notice)
  const db = openPool(databaseUrl, 'doorward', connections, kind(USUAL), hints)
  const verdicts = openPool(databaseUrl, 'doorward verify', verdictConnections, kind(FOR_VERDICTS), hints)
  const listeners: { close(): Promise<void> }[] = []
  return {
    db,
    verdicts,
    connections,
    engine: 'postgres',
    openForMigrations: () =>
      openPool(directUrl, 'doorward migrate', CONNECTIONS_TO_MIGRATE, kind(PATIENT), () => {}),
    listen: async (channel, onNotification) =>
      void listeners.push(listenOnPostgres({ connectionString: directUrl, channel, onNotification, notice })),
    close: async () => {
      for (const listener of listeners) await listener.close()
      await Promise.all([db.destroy(), verdicts.destroy()])
    },
  }
}

function openPool(
  connectionString: string,
  name: string,
  most: number,
  kind: ConnectionKind,
  onSession: (session: Session) => void,
): Kysely<Schema> {
  const { statementMs } = kind.patience
  const silentMs = statementMs === 0 ? 0 : statementMs + SILENT_FOR_MS
  const pool = new pg.Pool({
    Client: SessionClient,
    connectionString,
    application_name: name,
    max: most,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: silentMs,
    onConnect: async (client) => {
      // A broken connection is replaced at the next query, and its running query rejects. An `error` event between two
      // queries would end the process without a listener.
      client.on('error', () => {})
      const socket = socketOf(client)
      socket?.on('timeout', () => socket.destroy())
      socket?.setTimeout(silentMs)
      onSession(await (client as SessionClient).prepareSession(kind))
    },
  })
  // For idle connections that break.
  pool.on('error', () => {})
  // In a network that drops all packets, a query times out but its connection would return to the pool for the next one.
  // A live server answers within this time, if only with its own timeout. An idle one has nothing to say.
  pool.on('acquire', (client) => socketOf(client)?.setTimeout(silentMs))
  pool.on('release', (_, client) => socketOf(client)?.setTimeout(0))
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}

function socketOf(client: pg.ClientBase): Socket | undefined {
  const { stream } = (client as unknown as { connection: { stream: unknown } }).connection
  return stream instanceof Socket ? stream : undefined
}

/** Logs once what an operator should know about a pooler. */
function pooledHints(notice: Notice): (session: Session) => void {
  let said = false
  return ({ isPooled, isUnlimited }) => {
    if (said || !isPooled) return
    said = true
    notice('info', 'connection pooler detected in front of Postgres')
    if (isUnlimited)
      notice(
        'warn',
        'behind the connection pooler no statement timeout applies. Run: alter role … set statement_timeout = 10000',
      )
  }
}
