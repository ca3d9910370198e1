import { Readable } from 'node:stream'
import type { Following } from '@doorward/sdk/kernel'
import type { Bookmark, RestartReason, StoredChange } from '../changes/change.ts'
import type { ChangesFeed, FeedListener } from '../changes/changes-feed.ts'
import { toChangeEvent, toEvent } from './changes.wire.ts'

/** Interval of `confirmed`: a listener's cache entries expire five seconds after the last one. */
const CONFIRM_EVERY_MS = 900
/** A listener that reads nothing for so long is disconnected: it reconnects and resumes, or starts over. */
const MAX_BLOCKED_MS = 10_000
const BUFFER_BYTES = 64 * 1024

export interface StreamStart {
  /** Bookmark of the last change that the listener has seen; null at its first connection. */
  readonly after: Bookmark | null
  /** Changes after the bookmark that are no longer in the feed's memory. */
  readonly missed: readonly StoredChange[]
  /** Reason why a listener with a bookmark must start over; null where it can resume. */
  readonly restarted: RestartReason | null
  /** Ends the stream when all changes are sent, instead of waiting for more. */
  readonly once: boolean
  /** Latest end, on the steady clock: with each connection the listener compares its clock with ours again. */
  readonly endsAtMs: number
  /** The listener's own admin key: what happens to it ends the stream. */
  readonly adminKeyHash: string
}

/**
 * The changes feed as Server-Sent Events for one listener: `open`, then a `change` each, `confirmed` about every second,
 * and `restarted` where changes may have been missed. Applies backpressure: a slow listener gets the changes in between
 * when it reads again, or a `restarted`.
 */
export class ChangesStream extends Readable implements FeedListener {
  readonly #feed: ChangesFeed
  readonly #steadyMs: () => number
  readonly #start: Omit<StreamStart, 'missed'>
  readonly #following: Following | null
  #bookmark: Bookmark | null
  /** Missed changes that are not sent yet; released once they are. */
  #missed: readonly StoredChange[]
  #saidAtMs: number
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  #isOver = false
  /** Since when the listener has read nothing; null while it reads. */
  #blockedAtMs: number | null = null

  constructor(feed: ChangesFeed, steadyMs: () => number, start: StreamStart) {
    super({ highWaterMark: BUFFER_BYTES })
    this.#feed = feed
    this.#steadyMs = steadyMs
    const { missed, ...rest } = start
    this.#start = rest
    this.#bookmark = start.after ?? feed.bookmark
    this.#missed = missed
    this.#saidAtMs = steadyMs()
    this.#say('open', {
      restarted: start.after === null,
      reason: start.restarted,
      clock_ms: this.#saidAtMs,
    })
    this.#catchUp()
    this.#following = this.#isOver ? null : feed.follow(this)
  }

  changed(change: StoredChange): void {
    const seen = this.#bookmark
    if (seen === null || change.position <= seen.position || this.#blockedAtMs !== null || this.#isOver)
      return
    this.#bookmark = { position: change.position, token: change.token, run: seen.run }
    this.#write(toChangeEvent(change, this.#bookmark))
    if (mayEnd(change, this.#start.adminKeyHash)) this.finish()
  }

  confirmed(atMs: number): void {
    if (this.#isOver) return
    const nowMs = this.#steadyMs()
    if (this.#blockedAtMs !== null) {
      if (nowMs - this.#blockedAtMs > MAX_BLOCKED_MS) this.destroy()
    } else if (nowMs >= this.#start.endsAtMs) this.finish()
    else if (nowMs - this.#saidAtMs >= CONFIRM_EVERY_MS) this.#confirm(atMs)
  }

  restarted(reason: RestartReason): void {
    if (this.#isOver) return
    this.#bookmark = this.#feed.bookmark
    this.#say('restarted', { reason })
  }

  /** Ends the response; the listener reconnects and resumes from its bookmark. */
  finish(): void {
    this.#following?.close()
    if (this.#isOver || this.destroyed) return
    this.#isOver = true
    this.push(null)
  }

  override _read(): void {
    if (this.#blockedAtMs === null || this.#isOver) return
    this.#blockedAtMs = null
    this.#catchUp()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#following?.close()
    done(error)
  }

  /**
   * Sends pending changes until the listener's buffer is full. `confirmed` is sent only after the last of them: it
   * renews the listener's cache, and a pending change may be the revocation of a key.
   */
  #catchUp(): void {
    for (const change of this.#missed) this.changed(change)
    if (this.#blockedAtMs !== null || this.#isOver) return
    this.#missed = []
    const missed = this.#bookmark && this.#feed.recentAfter(this.#bookmark)
    if (missed === null) this.restarted('changes_missed')
    else for (const change of missed) this.changed(change)
    if (this.#blockedAtMs !== null || this.#isOver) return
    this.#confirm(this.#feed.confirmedAtMs)
    if (this.#start.once) this.finish()
  }

  #confirm(atMs: number): void {
    if (!(atMs > this.#confirmedAtMs)) return
    this.#confirmedAtMs = atMs
    this.#saidAtMs = this.#steadyMs()
    this.#say('confirmed', { clock_ms: atMs })
  }

  #say(event: string, data: Readonly<Record<string, unknown>>): void {
    this.#write(toEvent(event, this.#bookmark, data))
  }

  #write(text: string): void {
    if (!this.push(text)) this.#blockedAtMs ??= this.#steadyMs()
  }
}

/** True where a change can end the listener's own admin key. Its creation may still be on the way to this node. */
function mayEnd({ action, hashes }: StoredChange, adminKeyHash: string): boolean {
  if (hashes === null) return action.startsWith('admin_key.')
  return action !== 'admin_key.created' && hashes.includes(adminKeyHash)
}
