import type { Clock } from '../base/clock.ts'
import { networkOf } from '../http/network.ts'

/**
 * How often somebody may fail to prove that they are a client, from one network at one client: 30 times in five minutes,
 * then each failure says when to come back. Only failures: who has the right secret is let in however often a stranger
 * beside them guessed, because many people come from one address. Kept by each server for itself.
 */
const MOST_FAILURES = 30
const WINDOW_MS = 300_000
/** A stranger makes up as many names as he likes: beyond this the oldest count is forgotten. */
const MAX_COUNTED = 10_000

interface Count {
  failures: number
  readonly untilMs: number
}

export class GuessLimits {
  readonly #clock: Pick<Clock, 'steadyMs'>
  readonly #counts = new Map<string, Count>()

  constructor(clock: Pick<Clock, 'steadyMs'>) {
    this.#clock = clock
  }

  get size(): number {
    return this.#counts.size
  }

  /** Counts a failure. @returns seconds to wait where there were too many, or null */
  failed(ip: string | null, clientId: string): number | null {
    const name = `${networkOf(ip)} ${clientId.slice(0, 200)}`
    const nowMs = this.#clock.steadyMs()
    const known = this.#counts.get(name)
    if (known === undefined || known.untilMs <= nowMs) {
      this.#counts.delete(name)
      const [oldest] = this.#counts.size < MAX_COUNTED ? [] : this.#counts.keys()
      if (oldest !== undefined) this.#counts.delete(oldest)
      this.#counts.set(name, { failures: 1, untilMs: nowMs + WINDOW_MS })
      return null
    }
    known.failures += 1
    return known.failures <= MOST_FAILURES ? null : Math.max(1, Math.ceil((known.untilMs - nowMs) / 1000))
  }
}
