import type { Clock } from '../base/clock.ts'
import { networksOf } from './network.ts'

/**
 * How often something happened under each name in a window that begins with the first time. Bounded: a stranger makes up
 * as many names as he likes, and beyond `maxNames` the oldest count is forgotten. Kept by each server for itself.
 */
export class Tally {
  readonly #clock: Pick<Clock, 'steadyMs'>
  readonly #most: number
  readonly #windowMs: number
  readonly #maxNames: number
  readonly #counts = new Map<string, { times: number; readonly untilMs: number }>()

  constructor(
    clock: Pick<Clock, 'steadyMs'>,
    { most, windowMs, maxNames = 10_000 }: { most: number; windowMs: number; maxNames?: number },
  ) {
    this.#clock = clock
    this.#most = most
    this.#windowMs = windowMs
    this.#maxNames = maxNames
  }

  get size(): number {
    return this.#counts.size
  }

  /** Whether as many were counted as may be, so that the next would be one too many. */
  isFull(name: string): boolean {
    const known = this.#counts.get(name)
    return known !== undefined && known.untilMs > this.#clock.steadyMs() && known.times >= this.#most
  }

  /** Takes one back that was counted and came to nothing. */
  takeBack(name: string): void {
    const known = this.#counts.get(name)
    if (known !== undefined) known.times -= 1
  }

  /** Counts one more. @returns seconds to wait where there were too many, or null */
  count(name: string): number | null {
    const nowMs = this.#clock.steadyMs()
    const known = this.#counts.get(name)
    if (known === undefined || known.untilMs <= nowMs) {
      this.#counts.delete(name)
      const [oldest] = this.#counts.size < this.#maxNames ? [] : this.#counts.keys()
      if (oldest !== undefined) this.#counts.delete(oldest)
      this.#counts.set(name, { times: 1, untilMs: nowMs + this.#windowMs })
      return null
    }
    known.times += 1
    return known.times <= this.#most ? null : Math.max(1, Math.ceil((known.untilMs - nowMs) / 1000))
  }
}

/** A tally by network: an IPv4 address, an IPv6 /64, and for four times as many the IPv6 /48 around it. */
export class NetworkTally {
  readonly #tallies: readonly Tally[]

  constructor(clock: Pick<Clock, 'steadyMs'>, limit: { most: number; windowMs: number }) {
    this.#tallies = [limit, { ...limit, most: limit.most * 4 }].map((each) => new Tally(clock, each))
  }

  /** Counts one more. @returns seconds to wait where there were too many, or null */
  count(ip: string | null): number | null {
    const waits = networksOf(ip).map((network, n) => this.#tallies[n]?.count(network) ?? null)
    return waits.find((wait) => wait !== null) ?? null
  }
}
