import { newId } from '../base/id.ts'
import { networkOf } from '../base/network.ts'
import type { Db } from '../db/schema.ts'
import type { Logger } from '../http/log.ts'
import { appendEvents } from './append-events.ts'
import type { Origin } from './audit-event.ts'
import { saveAttempts } from './refused-attempt.store.ts'
import type { AttemptsOfNetwork, RefusedAttempt } from './refused-attempt.ts'

const MINUTE_MS = 60_000
/** Rows that strangers can cause in a minute on this server; one more row holds the rest. */
const MAX_NETWORKS = 30
/** Routes kept of a network: a scan is recognised by its first ones. */
const MAX_ROUTES = 20
/** Audit events for refused attempts of one admin key or person in a minute; one more event counts the rest. */
const MAX_EVENTS = 20

type Gathered = { -readonly [K in keyof AttemptsOfNetwork]: AttemptsOfNetwork[K] } & {
  readonly codes: Record<string, number>
  readonly routes: string[]
  isSaved: boolean
}

interface OfAdminKey {
  readonly untilMs: number
  written: number
  /** Attempts beyond the written ones; `last` is the latest of them. */
  repeated: number
  last: { readonly origin: Origin; readonly attempt: RefusedAttempt }
}

/**
 * Records refused attempts, in bounded number: the audit log is append-only, so a caller must not be able to flood it.
 *
 * - Attempts with a valid admin key, or of a person who is signed in, are audit events: at most twenty a minute for each,
 *   and one with the number of the rest.
 * - Attempts of strangers, such as brute force, and of API keys, of which an owner has any number, are rows of a table, one for each network and minute, kept for two
 *   weeks. A server writes at most thirty-one a minute, and none while a stranger waits.
 *
 * Each server gathers its own and writes them every few seconds. A crash loses those that are not written yet.
 */
export class RefusedAttempts {
  readonly #db: Db
  readonly #log: Logger
  readonly #networks = new Map<string | null, Gathered>()
  readonly #adminKeys = new Map<string, OfAdminKey>()
  #flushing = Promise.resolve()

  constructor(db: Db, log: Logger) {
    this.#db = db
    this.#log = log
  }

  async record(origin: Origin, attempt: RefusedAttempt): Promise<void> {
    const { kind, id } = origin.actor
    if (kind === 'anonymous' || kind === 'api_key' || id === null) this.#gather(origin, attempt)
    else if (this.#mayWrite(id, origin, attempt)) await this.#write(origin, attempt, {})
  }

  /** Writes the gathered attempts that are due: from a timer, before a read, and with `all` at shutdown. */
  flush(now: Date, all = false): Promise<void> {
    // One after the other: a read must find what an earlier flush is still writing.
    this.#flushing = this.#flushing.then(() => this.#flush(now, all))
    return this.#flushing
  }

  async #flush(now: Date, all: boolean): Promise<void> {
    const isOver = (endMs: number) => all || endMs <= now.getTime()
    for (const [id, { untilMs, repeated, last }] of this.#adminKeys) {
      if (!isOver(untilMs)) continue
      this.#adminKeys.delete(id)
      if (repeated > 0) await this.#write({ ...last.origin, now }, last.attempt, { repeated })
    }
    const unsaved = [...this.#networks.values()].filter(({ isSaved }) => !isSaved)
    for (const gathered of unsaved) gathered.isSaved = true
    try {
      await saveAttempts(this.#db, unsaved)
    } catch (error) {
      for (const gathered of unsaved) gathered.isSaved = false
      this.#log.error({ err: error, networks: unsaved.length }, 'refused attempts could not be stored')
    }
    for (const [network, { isSaved, beganAt }] of this.#networks)
      if (isSaved && isOver(beganAt.getTime() + MINUTE_MS)) this.#networks.delete(network)
  }

  #gather(origin: Origin, { code, method, route }: RefusedAttempt): void {
    const { ip, now, requestId } = origin
    const network = this.#placeOf(networkOf(ip))
    let gathered = this.#networks.get(network)
    const isOver = (gathered?.beganAt.getTime() ?? 0) + MINUTE_MS <= now.getTime()
    // While the database is away, the next minutes are added to the one that could not be saved.
    if (gathered === undefined || (isOver && gathered.isSaved)) {
      const counts = { attempts: 0, codes: {}, routes: [] }
      gathered = {
        ...{ id: newId('ref'), network, ip, requestId, beganAt: now, lastAt: now },
        ...{ ...counts, isSaved: false },
      }
      this.#networks.set(network, gathered)
    }
    gathered.attempts += 1
    gathered.lastAt = now
    gathered.ip = network === null ? null : ip
    gathered.codes[code] = (gathered.codes[code] ?? 0) + 1
    const asked = `${method} ${route}`
    if (gathered.routes.length < MAX_ROUTES && !gathered.routes.includes(asked)) gathered.routes.push(asked)
    gathered.isSaved = false
  }

  /** The network's own row, or the row of the rest where there are too many. */
  #placeOf(network: string): string | null {
    const isCrowded = this.#networks.size - (this.#networks.has(null) ? 1 : 0) >= MAX_NETWORKS
    return isCrowded && !this.#networks.has(network) ? null : network
  }

  #mayWrite(adminKeyId: string, origin: Origin, attempt: RefusedAttempt): boolean {
    const last = { origin, attempt }
    const known = this.#adminKeys.get(adminKeyId)
    if (known === undefined || known.untilMs <= origin.now.getTime()) {
      const rest = known?.repeated ?? 0
      const untilMs = origin.now.getTime() + MINUTE_MS
      this.#adminKeys.set(adminKeyId, { untilMs, written: 1, repeated: rest, last })
      return true
    }
    known.last = last
    known.written += 1
    if (known.written <= MAX_EVENTS) return true
    known.repeated += 1
    return false
  }

  async #write(origin: Origin, attempt: RefusedAttempt, more: { repeated?: number }): Promise<void> {
    const { code, method, route, targetId, ownerId } = attempt
    const target = { id: targetId, ownerId }
    try {
      await this.#db
        .transaction()
        .execute((tx) =>
          appendEvents(tx, origin, [
            { action: 'attempt.refused', target, detail: { code, method, route, ...more } },
          ]),
        )
    } catch (error) {
      // The request stays refused. The log holds what the audit log could not.
      this.#log.error({ err: error, attempt }, 'a refused attempt could not be audited')
    }
  }
}
