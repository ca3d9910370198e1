import type { Clock } from '../base/clock.ts'
import { networkOf } from '../http/network.ts'
import { Tally } from '../http/tally.ts'

/**
 * How often somebody may fail to prove that they are a client, from one network at one client: 30 times in five minutes,
 * then each failure says when to come back. Only failures: who has the right secret is let in however often a stranger
 * beside them guessed, because many people come from one address.
 */
const LIMIT = { most: 30, windowMs: 300_000 }

export class GuessLimits {
  readonly #failures: Tally

  constructor(clock: Pick<Clock, 'steadyMs'>) {
    this.#failures = new Tally(clock, LIMIT)
  }

  get size(): number {
    return this.#failures.size
  }

  /** Counts a failure. @returns seconds to wait where there were too many, or null */
  failed(ip: string | null, clientId: string): number | null {
    return this.#failures.count(`${networkOf(ip)} ${clientId.slice(0, 200)}`)
  }
}
