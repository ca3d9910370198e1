import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { momentAt } from '../base/moment.ts'
import type { Bookmark } from '../changes/change.ts'
import type { ChangesFeed, FeedListener } from '../changes/changes-feed.ts'
import type { Logger } from '../http/log.ts'
import type { ReportQueue } from './report-queue.ts'
import { SERVER } from './verifier.ts'

/** As SDKs report: at once, and then after a pause. */
const PAUSE_MS = 1_000
const HEARTBEAT_MS = 10_000

export interface OwnReportsParts {
  readonly queue: ReportQueue
  readonly feed: ChangesFeed
  readonly clock: Clock
  readonly log: Logger
  /** For people, such as the name of the host. */
  readonly name: string | null
  readonly boundMs: number
  /** Counts the listeners of this server that report nothing. */
  readonly notReporting: () => number
}

/**
 * Reports the changes that this server's own verifier has applied. The feed notifies all caches of the server of a change in
 * one turn of the event loop, and a report is written in a later one: then the change is applied. The feed never waits for it.
 */
export class OwnReports implements FeedListener {
  readonly #id = randomUUID()
  readonly #parts: OwnReportsParts
  readonly #startedAt: Date
  #applied: { readonly bookmark: Bookmark; readonly atMs: number } | null = null
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | null = null
  #isClosed = false
  #isFailing = false

  constructor(parts: OwnReportsParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
  }

  changed(): void {
    this.#note()
  }

  restarted(): void {
    this.#note()
  }

  confirmed(): void {
    if (this.#applied === null) this.#note()
  }

  /** Takes this server off the list. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#writing
    // A database that does not answer must not delay the stop twice.
    if (!this.#isFailing) await this.#write(true)
  }

  #note(): void {
    const { feed, clock } = this.#parts
    if (feed.bookmark === null) return
    this.#applied = { bookmark: feed.bookmark, atMs: clock.nowMs() }
    this.#plan(PAUSE_MS)
  }

  #plan(pauseMs: number): void {
    if (this.#isClosed || this.#writing !== null) return
    clearTimeout(this.#timer)
    const dueMs = this.#writtenAtMs + pauseMs - performance.now()
    this.#timer = setTimeout(() => this.#begin(), Math.max(0, dueMs)).unref()
  }

  #begin(): void {
    const before = this.#applied
    this.#writing = this.#write(false).finally(() => {
      this.#writing = null
      this.#plan(this.#applied === before && !this.#isFailing ? HEARTBEAT_MS : PAUSE_MS)
    })
  }

  async #write(isLeaving: boolean): Promise<void> {
    const { queue, clock, log, name, boundMs, notReporting } = this.#parts
    const applied = this.#applied
    if (applied === null) return
    this.#writtenAtMs = performance.now()
    try {
      await queue.add({
        ...{ id: this.#id, kind: 'server', reportedBy: SERVER, name, version: null, ip: null },
        ...{ startedAt: this.#startedAt, seenAt: clock.now(), appliedAt: momentAt(applied.atMs) },
        ...{ applied: applied.bookmark, boundMs, notReporting: notReporting(), isLeaving },
      })
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing)
        log.warn({ err: error }, 'the list of verifiers could not be written; trying again')
      this.#isFailing = true
    }
  }
}
