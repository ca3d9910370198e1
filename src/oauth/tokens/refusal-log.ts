import { type ClientRefusalCount, storeRefusals } from '../../clients/refused-requests.store.ts'
import type { Db } from '../../db/schema.ts'
import type { Logger } from '../../http/log.ts'

/** This many different counts wait to be written; beyond that, refusals are only logged. */
const MAX_WAITING = 5_000

/**
 * Refused requests of clients: logs each one, and counts them by reason for the client's developer. The response
 * tells neither.
 */
export class RefusedRequests {
  readonly #db: Db
  readonly #log: Logger
  #waiting = new Map<string, ClientRefusalCount>()

  constructor(db: Db, log: Logger) {
    this.#db = db
    this.#log = log
  }

  /** @param clientId an authenticated client, or one whose assertion failed; null: neither */
  record(
    endpoint: string,
    reason: string,
    clientId: string | null,
    at: { now: Date; ip: string | null; requestId: string | null },
  ): void {
    const { now, ip, requestId } = at
    this.#log.warn({ request_id: requestId, endpoint, reason, client_id: clientId, ip }, 'request refused')
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

  /** Writes the counts; called from a timer, and at shutdown. */
  async flush(): Promise<void> {
    if (this.#waiting.size === 0) return
    const writing = this.#waiting
    this.#waiting = new Map()
    await storeRefusals(this.#db, [...writing.values()])
  }
}
