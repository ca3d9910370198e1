import type { Clock } from '../../base/clock.ts'
import { FixedWindowLimiter } from '../../base/fixed-window-limiter.ts'
import { networkOf } from '../../base/network.ts'

/**
 * Brute-force limit for client secrets: 30 failures in five minutes for one client from one network. After that no
 * secret is tried, not even the right one, and the response says when to come back. Exception: a secret that has
 * proved the client from this network before is not a guess, so an attacker behind the same address cannot lock out a
 * client that has it. Other networks are not affected.
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

  /** True where a secret may be compared. */
  mayAttempt(clientId: string, ip: string | null, secretHash: string): boolean {
    return (
      !this.#failures.isFull(nameOf(ip, clientId)) || this.#proven.has(provenAs(ip, clientId, secretHash))
    )
  }

  /** Remembers a secret that was the right one. */
  recordProof(clientId: string, ip: string | null, secretHash: string): void {
    const name = provenAs(ip, clientId, secretHash)
    if (this.#proven.has(name)) return
    const [oldest] = this.#proven.size < MAX_PROVEN ? [] : this.#proven
    if (oldest !== undefined) this.#proven.delete(oldest)
    this.#proven.add(name)
  }

  /** Counts a failed attempt. @returns seconds to wait where there were too many, else null */
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
