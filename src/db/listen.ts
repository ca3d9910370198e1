import pg from 'pg'
import type { Notice } from './database.ts'

const AGAIN_AFTER_MS = 500
const CONNECT_WITHIN_MS = 3_000
/** Keep-alive query: a connection that only listens would not notice that it is dead. */
const PROBE_EVERY_MS = 5_000

export interface Listening {
  readonly connectionString: string
  readonly channel: string
  readonly onNotification: () => void
  readonly notice: Notice
}

/**
 * Listens for NOTIFY on a connection of its own, since one from the pool would be taken for good. Reconnects until it is
 * closed. Notifications in between are lost, so `onNotification` is called after each connect.
 *
 * A connection pooler passes no notifications on, and would leave its backend listening for good. So behind a pooler it
 * does not listen, warns once, and callers poll.
 */
export function listenOnPostgres({ connectionString, channel, onNotification, notice }: Listening) {
  let closed = false
  let client: pg.Client | undefined
  let again: NodeJS.Timeout | undefined
  let probing: NodeJS.Timeout | undefined

  const connect = () => {
    const mine = new pg.Client({
      connectionString,
      application_name: 'doorward listen',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: CONNECT_WITHIN_MS,
    })
    client = mine
    const retry = () => {
      if (closed || client !== mine) return
      client = undefined
      clearInterval(probing)
      void mine.end().catch(() => {})
      again = setTimeout(connect, AGAIN_AFTER_MS)
    }
    const start = async () => {
      await mine.connect()
      if (await isPooled(mine)) {
        if (closed || client !== mine) return
        closed = true
        notice(
          'warn',
          'no notifications through a connection pooler: changes are read once a second. Set DOORWARD_DIRECT_DATABASE_URL to the same database without the pooler',
        )
        return await mine.end()
      }
      await mine.query(`listen ${pg.escapeIdentifier(channel)}`)
      if (closed || client !== mine) return
      probing = setInterval(() => mine.query('select 1').catch(retry), PROBE_EVERY_MS).unref()
      onNotification()
    }
    mine.on('error', retry)
    mine.on('end', retry)
    mine.on('notification', onNotification)
    start().catch(retry)
  }
  connect()
  return {
    close: async () => {
      closed = true
      clearTimeout(again)
      clearInterval(probing)
      await client?.end().catch(() => {})
    },
  }
}

/** Detects a pooler: it reports invented process ids to its clients. */
async function isPooled(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid !== (client as unknown as { processID: number | null }).processID
}
