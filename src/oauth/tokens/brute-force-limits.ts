import type { Clock } from '../../base/clock.ts'
import { FixedWindowLimiter } from '../../base/fixed-window-limiter.ts'
import { networkOf } from '../../base/network.ts'

/**
 * How often somebody may fail to prove that they are a client, from one network at one client: 30 times in five minutes,
 * then each attempt says when to come back, and no secret is tried: the right one would not be let in either. But for one:
 * a secret that has proved the client from this network before is no guess, so that a stranger behind the same address
 * cannot lock out who has it. From other networks everything goes on.
 */
const LIMIT = { most: 30, windowMs: 300_000 }
const MAX_PROVEN = 10_000

export class BruteForceLimits {
  readonly #failures: FixedWindowLimiter
  readonly #proven = new Set<string>()

  constructor(clock: Pick<Clock, 'steadyMs'>) {
    this.#failures = new FixedWindowLimiter(clock, LIMIT)
  }

  get size(): number {
    return this.#failures.size
  }

  /** Whether a secret may be looked at. */
  mayAttempt(clientId: string, ip: string | null, secretHash: string): boolean {
    return (
      !this.#failures.isFull(nameOf(ip, clientId)) || this.#proven.has(provenAs(ip, clientId, secretHash))
    )
  }

  /** Notes that a secret was the right one. */
  recordProof(clientId: string, ip: string | null, secretHash: string): void {
    const name = provenAs(ip, clientId, secretHash)
    if (this.#proven.has(name)) return
    const [oldest] = this.#proven.size < MAX_PROVEN ? [] : this.#proven
    if (oldest !== undefined) this.#proven.delete(oldest)
    this.#proven.add(name)
  }

  /** Counts a failure. @returns seconds to wait where there were too many, or null */
  failed(ip: string | null, clientId: string): number | null {
    return this.#failures.count(nameOf(ip, clientId))
  }
}

function nameOf(ip: string | null, clientId: string): string {
  return `${networkOf(ip)} ${clientId.slice(0, 200)}`
}

function provenAs(ip: string | null, clientId: string, secretHash: string): string {
  return `${nameOf(ip, clientId)} ${secretHash}`
}
