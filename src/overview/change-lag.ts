import type { StoredChange } from '../changes/change.ts'
import type { FeedListener } from '../changes/changes-feed.ts'

/** Revocation lag: the delay with which changes of verdicts reached this server. */
export interface Lag {
  readonly changes: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** When the earliest of them was requested. */
  readonly since: Date
}

/** Latest changes that are measured. */
const KEPT = 1_000

/**
 * Measures how long a change takes from its request to this server's verifier: from the moment of the request, by the clock
 * of the server that took it, until the feed publishes it here. Only changes that end a credential count: they are what
 * must not be late. What an SDK does afterwards is not known here.
 */
export class ChangeLag implements FeedListener {
  readonly #nowMs: () => number
  readonly #measured: { readonly at: Date; readonly ms: number }[] = []

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  changed({ at, ended, action }: StoredChange): void {
    if (ended === null && !STOPS.test(action)) return
    if (this.#measured.length >= KEPT) this.#measured.shift()
    // Clocks of two servers differ a little.
    this.#measured.push({ at, ms: Math.max(0, this.#nowMs() - at.getTime()) })
  }

  confirmed(): void {}

  restarted(): void {}

  /** Null before the first change. */
  read(): Lag | null {
    const [first] = this.#measured
    if (first === undefined) return null
    const sorted = this.#measured.map(({ ms }) => ms).sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
    return { changes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), since: first.at }
  }
}

/** Actions that stop credentials until they are undone. */
const STOPS = /\.(disabled|suspended)$/
