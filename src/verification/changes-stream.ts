import { Readable } from 'node:stream'
import type { Following } from '@doorward/sdk/kernel'
import type { Bookmark, RestartReason, StoredChange } from '../changes/change.ts'
import type { ChangesFeed, FeedListener } from '../changes/changes-feed.ts'
import { toChangeEvent, toEvent } from './changes.wire.ts'

/** A listener hears about once a second that nothing is missing; without it, his certainty ends after five. */
const CONFIRM_EVERY_MS = 900
/** A listener that reads nothing for so long is disconnected: it reconnects, or requests everything again. */
const MAX_BLOCKED_MS = 10_000
const BUFFER_BYTES = 64 * 1024

export interface StreamStart {
  /** Behind the last change that the listener has seen; null where it begins. */
  readonly after: Bookmark | null
  /** Changes after the bookmark, where they are not in the feed's memory. */
  readonly missed: readonly StoredChange[]
  /** Why a listener that has seen something begins again nevertheless. */
  readonly restarted: RestartReason | null
  /** Ends the stream when all changes are sent, instead of waiting for more. */
  readonly once: boolean
  /** When it ends in any case, on the steady clock: a listener's idea of our clock is renewed with each connection. */
  readonly endsAtMs: number
  /** The listener's own admin key: what happens to it ends the stream. */
  readonly adminKeyHash: string
}

/**
 * The changes feed as Server-Sent Events for one listener: `open`, then a `change` each, `confirmed` about every second,
 * and `restarted` where something may have been missed. Who is slow misses nothing: he is given what came meanwhile when
 * he takes again, or told to begin anew.
 */
export class ChangesStream extends Readable implements FeedListener {
  readonly #feed: ChangesFeed
  readonly #steadyMs: () => number
  readonly #start: Omit<StreamStart, 'missed'>
  readonly #following: Following | null
  #bookmark: Bookmark | null
  /** What the listener missed and has not been told yet; nothing is kept of it for the rest of the stream's life. */
  #missed: readonly StoredChange[]
  #saidAtMs: number
  #confirmedAtMs = Number.NEGATIVE_INFINITY
  #isOver = false
  /** Since when nothing is taken; null while it is. */
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

  /** Ends the answer; the listener comes back and goes on from where he was. */
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
   * Says what is not said yet, as far as it is taken. Only when nothing is left is anything confirmed: who is told
   * "nothing is missing" trusts what he keeps, and the rest may hold the end of a key.
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

/** Whether a change can be of a listener's own admin key. The key's making may still be on the way to this node. */
function mayEnd({ action, hashes }: StoredChange, adminKeyHash: string): boolean {
  if (hashes === null) return action.startsWith('admin_key.')
  return action !== 'admin_key.created' && hashes.includes(adminKeyHash)
}
