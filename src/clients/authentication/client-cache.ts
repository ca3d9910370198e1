import type { Change, ChangesListener } from '@doorward/sdk/kernel'
import type { Clock } from '../../base/clock.ts'
import type { FoundClient } from '../client.ts'

/** How long an answer is used: the latest that a client whose end was not heard of may ask, whatever breaks. */
const FRESH_MS = 5_000
const MAX_KNOWN = 1_000

interface Answer {
  readonly found: FoundClient
  readonly askedAtMs: number
}

/**
 * Clients with the secret that they presented, for what is asked many times a second. Any change has all of them asked
 * for anew, because few changes are not about one; without the feed nothing here is older than five seconds. What does
 * not exist is not kept.
 */
export class ClientCache implements ChangesListener {
  readonly #ask: (clientId: string, secretHash: string | null) => Promise<FoundClient | null>
  readonly #clock: Clock
  readonly #known = new Map<string, Answer>()
  /** Goes up with every change: an answer that was asked for before is not kept after. */
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

  /** Has all of them asked for anew. */
  forgetAll(): void {
    this.#changes += 1
    this.#known.clear()
  }

  changed(_change: Change): void {
    this.forgetAll()
  }

  /** Nothing here lives longer for it. */
  confirmed(): void {}

  restarted(): void {
    this.forgetAll()
  }
}
