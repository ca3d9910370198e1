import { type ClientRefusalCount, storeRefusals } from '../../clients/refused-requests.store.ts'
import type { Db } from '../../db/schema.ts'
import type { Logger } from '../../http/log.ts'

/** At most so many different ones wait to be written; more are only logged. */
const MAX_WAITING = 5_000

/**
 * Why requests of clients were refused: the operator's log hears of each, and the client's developer reads them by
 * reason. Strangers hear neither.
 */
export class RefusedRequests {
  readonly #db: Db
  readonly #log: Logger
  #waiting = new Map<string, ClientRefusalCount>()

  constructor(db: Db, log: Logger) {
    this.#db = db
    this.#log = log
  }

  /** @param clientId a client that has proved itself, or whose assertion failed to; null where none has */
  note(
    endpoint: string,
    reason: string,
    clientId: string | null,
    at: { now: Date; ip: string | null; requestId: string | null },
  ): void {
    const { now, ip, requestId } = at
    this.#log.warn({ request_id: requestId, endpoint, reason, client_id: clientId, ip }, 'refused')
    if (clientId === null) return
    const name = `${clientId} ${endpoint} ${reason}`
    const before = this.#waiting.get(name)
    if (before === undefined && this.#waiting.size >= MAX_WAITING) return
    this.#waiting.set(name, {
      clientId,
      endpoint,
      reason,
      count: (before?.count ?? 0) + 1,
      lastAt: now,
      lastIp: ip,
    })
  }

  /** Writes what was noted; called from a timer, and at the end. */
  async flush(): Promise<void> {
    if (this.#waiting.size === 0) return
    const writing = this.#waiting
    this.#waiting = new Map()
    await storeRefusals(this.#db, [...writing.values()])
  }
}
