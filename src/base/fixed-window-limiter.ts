import type { Clock } from './clock.ts'
import { networksOf } from './network.ts'

/**
 * Fixed-window counter per name; a window starts with the first count. Strangers can make up any number of names, so
 * beyond `maxNames` the oldest count is dropped. Kept per server.
 */
export class FixedWindowLimiter {
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

  /** True where one more would exceed the limit. */
  isFull(name: string): boolean {
    const known = this.#counts.get(name)
    return known !== undefined && known.untilMs > this.#clock.steadyMs() && known.times >= this.#most
  }

  /** Undoes one count. */
  uncount(name: string): void {
    const known = this.#counts.get(name)
    if (known === undefined) return
    known.times -= 1
    if (known.times <= 0) this.#counts.delete(name)
  }

  /** Undoes all counts of the name. */
  forget(name: string): void {
    this.#counts.delete(name)
  }

  /** Counts one more. @returns seconds to wait where the limit is exceeded, or null */
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

/** Limits per network: an IPv4 address, an IPv6 /64, and with four times the limit the IPv6 /48 around it. */
export class NetworkLimiter {
  readonly #limiters: readonly FixedWindowLimiter[]

  constructor(clock: Pick<Clock, 'steadyMs'>, limit: { most: number; windowMs: number }) {
    this.#limiters = [limit, { ...limit, most: limit.most * 4 }].map(
      (each) => new FixedWindowLimiter(clock, each),
    )
  }

  get size(): number {
    return this.#limiters.reduce((sum, { size }) => sum + size, 0)
  }

  /**
   * Counts one more; what a /64 has too many of does not use up the limit of its /48.
   *
   * @returns seconds to wait where the limit is exceeded, or null
   */
  count(ip: string | null): number | null {
    for (const [n, network] of networksOf(ip).entries()) {
      const wait = this.#limiters[n]?.count(network) ?? null
      if (wait !== null) return wait
    }
    return null
  }

  /** Undoes one count. */
  uncount(ip: string | null): void {
    for (const [n, network] of networksOf(ip).entries()) this.#limiters[n]?.uncount(network)
  }
}
