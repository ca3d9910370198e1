import type { ChangesListener, Following } from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../db/open.ts'
import type { Logger } from '../http/log.ts'
import { CHANNEL, changesAfter, changesHead } from './change.store.ts'
import type { StoredChange } from './change.ts'

/** Without any hint the outbox is read this often: it is what a listener's certainty lives on. */
const READ_EVERY_MS = 1_000
const BATCH = 500
/** The last changes, for listeners that come back after a moment. */
const KEPT_IN_MEMORY = 1_000

/** Who listens inside the server: a verifier, or somebody who passes it on. */
export interface FeedListener extends ChangesListener {
  changed(change: StoredChange): void
}

/**
 * Reads the outbox and tells everybody in this process, each change once and in order. A notification says "now"; that
 * nothing is missed comes from reading on from the last position, at least once a second. Where the database does not
 * answer, nothing is confirmed, and what listeners keep grows too old by itself.
 */
export class ChangesFeed {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Logger
  readonly #listeners = new Set<FeedListener>()
  readonly #recent: StoredChange[] = []
  #position: number | null = null
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | null = null
  #next: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #isFailing = false

  constructor(database: Database, clock: Clock, log: Logger) {
    this.#database = database
    this.#clock = clock
    this.#log = log
  }

  /** Begins to read; until the database answers for the first time, nothing is confirmed. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.catchUp(), READ_EVERY_MS).unref()
    await this.#database.listen(CHANNEL, () => void this.catchUp())
    await this.catchUp()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** The last change that was told; null before the database has answered. */
  get position(): number | null {
    return this.#position
  }

  /** When everything up to the position was all there was; ms on the steady clock. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs
  }

  /** Tells a listener, who has kept nothing yet or knows up to where he has heard, from now on. */
  follow(listener: FeedListener): Following {
    this.#listeners.add(listener)
    if (this.#position !== null) listener.confirmed(this.#confirmedAtMs)
    return { close: () => void this.#listeners.delete(listener) }
  }

  /** The changes behind a position, from memory; null where they are not all there. */
  recentAfter(position: number): readonly StoredChange[] | null {
    if (this.#position === null || position > this.#position) return null
    const first = this.#recent[0]?.position ?? this.#position + 1
    return position + 1 < first ? null : this.#recent.filter((change) => change.position > position)
  }

  /** Resolves once everything that was committed before the call is told, or the database has failed to say. */
  catchUp(): Promise<void> {
    if (this.#reading === null) {
      this.#reading = this.#read().finally(() => {
        this.#reading = null
      })
      return this.#reading
    }
    // What runs may have read already: one more afterwards serves all who come until then.
    this.#next ??= this.#reading.then(() => {
      this.#next = null
      return this.catchUp()
    })
    return this.#next
  }

  async #read(): Promise<void> {
    try {
      while (await this.#readOnce());
      if (this.#isFailing) this.#log.info('changes are read again')
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing)
        this.#log.warn({ err: error }, 'changes cannot be read: in five seconds nothing cached is trusted')
      this.#isFailing = true
    }
  }

  /** @returns whether there may be more */
  async #readOnce(): Promise<boolean> {
    const startedAtMs = this.#clock.steadyMs()
    const { db } = this.#database
    if (this.#position === null) {
      this.#restart((await changesHead(db)).position)
    } else {
      const { head, restarted, changes } = await changesAfter(db, this.#position, BATCH)
      if (restarted) this.#restart(head)
      else for (const change of changes) this.#tell(change)
      if (!restarted && changes.length === BATCH) return true
    }
    this.#confirmedAtMs = startedAtMs
    this.#tellAll((listener) => listener.confirmed(startedAtMs))
    return false
  }

  #restart(position: number): void {
    this.#position = position
    this.#recent.length = 0
    this.#tellAll((listener) => listener.restarted())
  }

  #tell(change: StoredChange): void {
    this.#position = change.position
    this.#recent.push(change)
    if (this.#recent.length > KEPT_IN_MEMORY * 2) this.#recent.splice(0, KEPT_IN_MEMORY)
    this.#tellAll((listener) => listener.changed(change))
  }

  /** One that breaks has nobody else miss anything. It begins anew, or never hears again that nothing is missing. */
  #tellAll(tell: (listener: FeedListener) => void): void {
    for (const listener of this.#listeners)
      try {
        tell(listener)
      } catch (error) {
        this.#log.error({ err: error }, 'a listener to changes broke')
        this.#startOver(listener)
      }
  }

  #startOver(listener: FeedListener): void {
    try {
      listener.restarted()
    } catch {
      this.#listeners.delete(listener)
    }
  }
}
