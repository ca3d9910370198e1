import { recordEvents } from '../audit/audit-event.store.ts'
import type { Origin } from '../audit/audit-event.ts'
import type { Db } from '../db/schema.ts'
import type { Logger } from '../http/log.ts'
import type { ProblemCode } from '../http/problem.ts'

/** A request to the management API that was refused for who made it, or a sign-in with a wrong password. */
export interface RefusedAttempt {
  readonly code: ProblemCode | 'sign_in_refused'
  readonly method: string
  /** The route's pattern, `/v1/keys/:id`, never the path as sent. */
  readonly route: string
  readonly targetId: string | null
  readonly ownerId: string | null
}

/** At most one audit event per stranger and minute, and this many strangers at once. */
const QUIET_MS = 60_000
const MAX_STRANGERS = 10_000

/**
 * Writes refused attempts into the audit log. Who holds an admin key gets an event for each. Strangers could fill the
 * log at will, so theirs are gathered: the first of an address, a route and a code is written at once, the others as
 * one event with their number when the minute is over.
 */
export class RefusedAttempts {
  readonly #db: Db
  readonly #log: Logger
  readonly #strangers = new Map<
    string,
    { origin: Origin; attempt: RefusedAttempt; repeated: number; until: number }
  >()

  constructor(db: Db, log: Logger) {
    this.#db = db
    this.#log = log
  }

  async record(origin: Origin, attempt: RefusedAttempt): Promise<void> {
    if (origin.actor.kind === 'anonymous' && !this.#isFirst(origin, attempt)) return
    await this.#write(origin, attempt, {})
  }

  /** Writes what was gathered and is due; called from a timer, and with `all` at the end. */
  async flush(now: Date, all = false): Promise<void> {
    for (const [who, gathered] of this.#strangers) {
      if (!all && gathered.until > now.getTime()) continue
      this.#strangers.delete(who)
      if (gathered.repeated > 0)
        await this.#write({ ...gathered.origin, now }, gathered.attempt, { repeated: gathered.repeated })
    }
  }

  #isFirst(origin: Origin, attempt: RefusedAttempt): boolean {
    const crowded = this.#strangers.size >= MAX_STRANGERS
    const who = crowded ? 'the rest' : `${origin.ip} ${attempt.route} ${attempt.code}`
    const gathered = this.#strangers.get(who)
    if (gathered === undefined) {
      this.#strangers.set(who, { origin, attempt, repeated: 0, until: origin.now.getTime() + QUIET_MS })
      return true
    }
    gathered.repeated += 1
    return false
  }

  async #write(origin: Origin, attempt: RefusedAttempt, more: Record<string, unknown>): Promise<void> {
    const { code, method, route, targetId, ownerId } = attempt
    const happening = { action: 'attempt.refused', result: 'refused', ownerId, targetId } as const
    try {
      await this.#db
        .transaction()
        .execute((tx) =>
          recordEvents(tx, origin, [{ ...happening, detail: { code, method, route, ...more } }]),
        )
    } catch (error) {
      // The refusal stands whether or not it could be written down; the log keeps what the audit log could not.
      this.#log.error({ err: error, attempt }, 'a refused attempt could not be audited')
    }
  }
}
