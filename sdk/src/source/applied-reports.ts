import { randomUUID } from 'node:crypto'
import { SDK_VERSION } from './sdk-version.ts'

/** Report of a verifier about itself: the last change that its cache has applied. */
export interface AppliedReport {
  /** Random, of one subscription to changes. */
  readonly id: string
  /** For people; null: it has none. */
  readonly name: string | null
  /** The id of the last event that was applied. */
  readonly applied: string
  /** Time since it was applied, in ms. An age, so that no clocks need to agree. */
  readonly appliedAgoMs: number
  /** Time since the subscription began, in ms. */
  readonly runningMs: number
  /** See `ChangesListener.boundMs`. */
  readonly boundMs: number | null
  /** True: it stops, and is taken off the list. */
  readonly isLeaving: boolean
}

export interface AppliedReportsOptions {
  readonly name: string | null
  readonly boundMs: number | null
  /** Resolves with the pause that the server asks for between two reports, in ms. */
  readonly send: (report: AppliedReport) => Promise<number>
  /** Milliseconds on a monotonic clock. */
  readonly steady: () => number
}

/** Pause between two reports while changes arrive. The server asks for more where it has many listeners. */
const PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
/** Without changes: the server shows since when a verifier is silent. */
const HEARTBEAT_MS = 10_000

/**
 * Reports which changes are applied, so that the server can show when a revocation has reached every verifier. A change is
 * reported at once, further ones after a pause, and nothing new every ten seconds. Nothing waits for a report, and one that
 * fails is only late: verification does not depend on it. The timer does not keep the process alive.
 */
export class AppliedReports {
  readonly id: string = randomUUID()
  readonly #options: AppliedReportsOptions
  readonly #sinceMs: number
  #applied: { readonly bookmark: string; readonly atMs: number } | null = null
  #reported: string | null = null
  #sentAtMs = Number.NEGATIVE_INFINITY
  #pauseMs = PAUSE_MS
  #failures = 0
  #sending: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  /** A timer runs for a report of something new. */
  #isDue = false
  #isClosed = false

  constructor(options: AppliedReportsOptions) {
    this.#options = options
    this.#sinceMs = options.steady()
  }

  /** Notes that everything up to an event is applied. The same event again is nothing new. */
  applied(bookmark: string): void {
    if (bookmark === this.#applied?.bookmark) return
    this.#applied = { bookmark, atMs: this.#options.steady() }
    // A report that waits for its time tells this too: changes that do not cease must not put it off.
    if (!this.#isDue) this.#plan()
  }

  /** Takes this verifier off the server's list. Resolves once it is, or the server does not answer. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    // Its answer comes first: a report that arrives later would put the verifier on the list again.
    await this.#sending
    if (this.#reported !== null) await this.#send(true)
  }

  #plan(): void {
    if (this.#isClosed || this.#sending !== null || this.#applied === null) return
    clearTimeout(this.#timer)
    this.#isDue = this.#hasNews
    const nowMs = this.#options.steady()
    const dueMs = Math.max(nowMs + this.#delayMs(), this.#sentAtMs + this.#waitMs())
    this.#timer = setTimeout(() => void this.#report(), dueMs - nowMs).unref()
  }

  get #hasNews(): boolean {
    return this.#applied?.bookmark !== this.#reported
  }

  /** Time between two reports. */
  #waitMs(): number {
    if (!this.#hasNews) return Math.max(HEARTBEAT_MS, this.#pauseMs)
    return Math.min(Math.max(HEARTBEAT_MS, this.#pauseMs), this.#pauseMs * 2 ** this.#failures)
  }

  /** Where the server asks for pauses it has thousands of listeners, which would all report one change at once. */
  #delayMs(): number {
    return this.#hasNews ? Math.random() * (this.#pauseMs - PAUSE_MS) : 0
  }

  async #report(): Promise<void> {
    this.#isDue = false
    this.#sending = this.#send(false)
    await this.#sending
    this.#sending = null
    this.#plan()
  }

  async #send(isLeaving: boolean): Promise<void> {
    const { name, boundMs, send, steady } = this.#options
    const applied = this.#applied
    if (applied === null) return
    const nowMs = steady()
    this.#sentAtMs = nowMs
    try {
      const pauseMs = await send({
        ...{ id: this.id, name, applied: applied.bookmark, boundMs, isLeaving },
        appliedAgoMs: Math.max(0, Math.floor(nowMs - applied.atMs)),
        runningMs: Math.max(0, Math.ceil(nowMs - this.#sinceMs)),
      })
      if (pauseMs >= PAUSE_MS) this.#pauseMs = Math.min(pauseMs, LONGEST_PAUSE_MS)
      this.#reported = applied.bookmark
      this.#failures = 0
    } catch {
      // An older server has no such list, and an outage is reported by lookups and the feed.
      this.#failures = Math.min(this.#failures + 1, 10)
    }
  }
}

/** A report as an SDK sends it to the server. */
export function appliedReportToWire(report: AppliedReport) {
  return {
    id: report.id,
    name: report.name,
    sdk_version: SDK_VERSION,
    applied: report.applied,
    applied_ago_ms: Math.min(report.appliedAgoMs, MAX_MS),
    running_ms: Math.min(report.runningMs, MAX_MS),
    bound_ms: report.boundMs === null || report.boundMs > MAX_MS ? null : Math.ceil(report.boundMs),
    leaving: report.isLeaving,
  }
}

/** The server takes no longer ages; of a bound that is longer, it says that it is unknown. */
const MAX_MS = 2 ** 31 - 1
