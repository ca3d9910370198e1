import type { ChangesListener, Following } from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../db/database.ts'
import type { Logger } from '../http/log.ts'
import { changesAfter, lastBookmark } from './change.store.ts'
import { type Bookmark, CHANNEL, type RestartReason, type StoredChange } from './change.ts'

/** The outbox is read this often even without a notification: listeners trust their caches only after a read. */
const READ_EVERY_MS = 1_000
const BATCH = 500
/** Latest changes kept for listeners that reconnect; fewer if they name many hashes. */
const KEPT_IN_MEMORY = 2_000
const HASHES_KEPT_IN_MEMORY = 20_000
/** Notifications in a row before the event loop gets its turn. */
const NOTIFIED_AT_ONCE = 10_000

/** Log messages, constant so that an alert can search for them. */
const RESTARTED: Readonly<Record<RestartReason, string>> = {
  another_log:
    'the database has another history of changes, as after a failover or a restore: everything cached is dropped',
  changes_missed: 'changes were missed for longer than they are kept: everything cached is dropped',
}

/** A listener in this process: a verifier, or a stream that passes changes on. */
export interface FeedListener extends Omit<ChangesListener, 'changed' | 'restarted'> {
  changed(change: StoredChange): void
  restarted(reason: RestartReason): void
}

/**
 * Reads the outbox and notifies all listeners in this process, of each change once and in order. NOTIFY only wakes the
 * reader; nothing is missed because it continues from the last position, at least once a second. While the database does
 * not answer, nothing is confirmed, and the caches of listeners grow too old to be used.
 */
export class ChangesFeed {
  readonly #database: Database
  readonly #clock: Clock
  readonly #log: Logger
  readonly #listeners = new Set<FeedListener>()
  readonly #recent: StoredChange[] = []
  /** The position before the first of those; null before the database has answered. */
  #recentFrom: Bookmark | null = null
  /** Number of hashes in those changes. */
  #recentHashes = 0
  #bookmark: Bookmark | null = null
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

  /** Starts to read. Until the database answers for the first time, nothing is confirmed. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.catchUp(), READ_EVERY_MS).unref()
    await this.#database.listen(CHANNEL, () => void this.catchUp())
    await this.catchUp()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** After the last published change; null before the database has answered. */
  get bookmark(): Bookmark | null {
    return this.#bookmark
  }

  /** The moment at which the bookmark was the end of the outbox; ms on the steady clock. */
  get confirmedAtMs(): number {
    return this.#confirmedAtMs
  }

  /** Notifies a listener from now on. It has cached nothing yet, or knows its bookmark. */
  follow(listener: FeedListener): Following {
    this.#listeners.add(listener)
    if (this.#bookmark !== null) listener.confirmed(this.#confirmedAtMs)
    return { close: () => void this.#listeners.delete(listener) }
  }

  /** The changes after a bookmark, from memory; null if some are missing, or are not known to follow it. */
  recentAfter(seen: Bookmark): readonly StoredChange[] | null {
    const from = this.#recentFrom
    if (from === null) return null
    const at = seen.position - from.position
    const token = at === 0 ? from.token : this.#recent[at - 1]?.token
    return token === seen.token && from.run === seen.run ? this.#recent.slice(at) : null
  }

  /** Resolves once all changes committed before the call are published, or the database has failed. Single-flight. */
  catchUp(): Promise<void> {
    if (this.#reading === null) {
      this.#reading = this.#read().finally(() => {
        this.#reading = null
      })
      return this.#reading
    }
    // The running read may have passed a new change already: one more after it serves all callers until then.
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
    const { verdicts: db } = this.#database
    if (this.#bookmark === null) {
      this.#goOnFrom(await lastBookmark(db))
      this.#notifyAll((listener) => listener.restarted('changes_missed'))
    } else {
      const { run } = this.#bookmark
      const read = await changesAfter(db, this.#bookmark, BATCH)
      if (read.restarted !== null) this.#restart(read.restarted, read.last)
      else await this.#publishEach(read.changes, run)
      if (read.changes.length === BATCH) return true
    }
    this.#confirmedAtMs = startedAtMs
    this.#notifyAll((listener) => listener.confirmed(startedAtMs))
    return false
  }

  #restart(reason: RestartReason, last: Bookmark): void {
    this.#log.warn({ reason, was: this.#bookmark, is: last }, RESTARTED[reason])
    this.#goOnFrom(last)
    this.#notifyAll((listener) => listener.restarted(reason))
  }

  #goOnFrom(bookmark: Bookmark): void {
    this.#bookmark = bookmark
    this.#recentFrom = bookmark
    this.#recent.length = 0
    this.#recentHashes = 0
  }

  /** With thousands of listeners, a batch takes a second: requests must get their turn in between. */
  async #publishEach(changes: readonly StoredChange[], run: string): Promise<void> {
    let notified = 0
    for (const change of changes) {
      this.#publish(change, run)
      notified += this.#listeners.size
      if (notified < NOTIFIED_AT_ONCE) continue
      notified = 0
      await new Promise((done) => setImmediate(done))
    }
  }

  #publish(change: StoredChange, run: string): void {
    const { position, token } = change
    this.#bookmark = { position, token, run }
    this.#recent.push(change)
    this.#recentHashes += change.hashes?.length ?? 0
    if (this.#recent.length > KEPT_IN_MEMORY || this.#recentHashes > HASHES_KEPT_IN_MEMORY)
      this.#dropOlderHalf(run)
    this.#notifyAll((listener) => listener.changed(change))
  }

  #dropOlderHalf(run: string): void {
    const dropped = this.#recent.splice(0, Math.ceil(this.#recent.length / 2))
    for (const { position, token, hashes } of dropped) {
      this.#recentHashes -= hashes?.length ?? 0
      this.#recentFrom = { position, token, run }
    }
  }

  /** A listener that throws must not make others miss a change. It restarts; if that fails too, it is removed. */
  #notifyAll(notify: (listener: FeedListener) => void): void {
    for (const listener of this.#listeners)
      try {
        notify(listener)
      } catch (error) {
        this.#log.error({ err: error }, 'a listener to changes failed')
        this.#startOver(listener)
      }
  }

  #startOver(listener: FeedListener): void {
    try {
      listener.restarted('changes_missed')
    } catch {
      this.#listeners.delete(listener)
    }
  }
}
