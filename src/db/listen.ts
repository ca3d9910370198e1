import pg from 'pg'
import type { Notice } from './database.ts'

const AGAIN_AFTER_MS = 500
const CONNECT_WITHIN_MS = 3_000
/** A connection that only listens would not notice that nothing can arrive any more: it is asked something now and then. */
const PROBE_EVERY_MS = 5_000

export interface Listening {
  readonly connectionString: string
  readonly channel: string
  readonly hear: () => void
  readonly notice: Notice
}

/**
 * Listens on a connection of its own, since one from the pool would be taken for good. When it breaks it is made again,
 * for as long as nobody closes it; what was notified meanwhile is lost, so `hear` is called at each beginning.
 *
 * A connection pooler passes no notifications on, and would leave the backend that it lends listening for good. So
 * behind one nothing is listened to, which is said, and callers live on what they read by themselves.
 */
export function listenOnPostgres({ connectionString, channel, hear, notice }: Listening) {
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
          'notifications do not pass a connection pooler: changes are read once a second. Name the same database past it in DOORWARD_DIRECT_DATABASE_URL',
        )
        return await mine.end()
      }
      await mine.query(`listen ${pg.escapeIdentifier(channel)}`)
      if (closed || client !== mine) return
      probing = setInterval(() => mine.query('select 1').catch(retry), PROBE_EVERY_MS).unref()
      hear()
    }
    mine.on('error', retry)
    mine.on('end', retry)
    mine.on('notification', hear)
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

/** A pooler tells its clients process ids of its own making. */
async function isPooled(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid !== (client as unknown as { processID: number | null }).processID
}
