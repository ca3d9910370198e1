import pg from 'pg'

const AGAIN_AFTER_MS = 500
const CONNECT_WITHIN_MS = 3_000
/** A connection that only listens would not notice that nothing can arrive any more: it is asked something now and then. */
const PROBE_EVERY_MS = 5_000

/**
 * Listens on a connection of its own, since one from the pool would be taken for good. When it breaks it is made anew,
 * for as long as nobody closes it; what was notified meanwhile is lost, so `hear` is called at each beginning.
 */
export function listenOnPostgres(connectionString: string, channel: string, hear: () => void) {
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
    mine.on('error', retry)
    mine.on('end', retry)
    mine.on('notification', hear)
    mine
      .connect()
      .then(() => mine.query(`listen ${pg.escapeIdentifier(channel)}`))
      .then(() => {
        if (closed || client !== mine) return
        probing = setInterval(() => mine.query('select 1').catch(retry), PROBE_EVERY_MS).unref()
        hear()
      })
      .catch(retry)
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
