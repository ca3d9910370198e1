import type { Change, ChangesListener } from '@doorward/sdk/kernel'
import type { Clock } from '../../base/clock.ts'
import type { FoundClient } from '../client.ts'

/** Lifetime of an entry: the longest that a client can be used after its end, even if the changes feed is broken. */
const FRESH_MS = 5_000
const MAX_KNOWN = 1_000

interface Answer {
  readonly found: FoundClient
  readonly askedAtMs: number
}

/**
 * Cache of clients with the presented secret, for endpoints that are called many times a second. Any change clears
 * it, because few changes are about no client. Without the feed no entry is older than five seconds. Unknown clients
 * are not cached.
 */
export class ClientCache implements ChangesListener {
  readonly #ask: (clientId: string, secretHash: string | null) => Promise<FoundClient | null>
  readonly #clock: Clock
  readonly #known = new Map<string, Answer>()
  /** Generation: raised by every change, so that a lookup that began before is not cached after. */
  #changes = 0

  constructor(
    ask: (clientId: string, secretHash: string | null) => Promise<FoundClient | null>,
    clock: Clock,
  ) {
    this.#ask = ask
    this.#clock = clock
  }

  async find(clientId: string, secretHash: string | null): Promise<FoundClient | null> {
    const name = `${secretHash} ${clientId}`
    const known = this.#known.get(name)
    const nowMs = this.#clock.steadyMs()
    if (known !== undefined && nowMs - known.askedAtMs < FRESH_MS) return known.found
    const changes = this.#changes
    const found = await this.#ask(clientId, secretHash)
    if (found === null || changes !== this.#changes) return found
    const [oldest] = this.#known.size < MAX_KNOWN ? [] : this.#known.keys()
    if (oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(name, { found, askedAtMs: nowMs })
    return found
  }

  /** Clears the cache. */
  forgetAll(): void {
    this.#changes += 1
    this.#known.clear()
  }

  changed(_change: Change): void {
    this.forgetAll()
  }

  /** Entries have a fixed lifetime, so a confirmation extends nothing. */
  confirmed(): void {}

  restarted(): void {
    this.forgetAll()
  }
}
