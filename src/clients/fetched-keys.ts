import type { Clock } from '../base/clock.ts'
import type { FetchDocument } from '../http/outbound.ts'
import type { JsonWebKeySet } from './client.ts'
import { readKeySet } from './client-keys.ts'

/** How long a key set is used, whatever its server says; and how soon it is asked for again where it could not be had. */
const LEAST_MS = 60_000
const MOST_MS = 3_600_000
const AFTER_A_FAULT_MS = 30_000
const MAX_KEPT = 1_000

interface Kept {
  readonly keys: JsonWebKeySet | null
  readonly untilMs: number
}

/** Key sets at clients' `jwks_uri`: each is asked for once at a time, and a flood of assertions asks no more often. */
export class FetchedKeys {
  readonly #fetch: FetchDocument
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  readonly #asking = new Map<string, Promise<JsonWebKeySet | null>>()

  constructor(fetch: FetchDocument, clock: Clock) {
    this.#fetch = fetch
    this.#clock = clock
  }

  /** Null where they cannot be had. */
  async at(uri: string): Promise<JsonWebKeySet | null> {
    const kept = this.#kept.get(uri)
    if (kept !== undefined && kept.untilMs > this.#clock.steadyMs()) return kept.keys
    const asking = this.#asking.get(uri) ?? this.#ask(uri)
    this.#asking.set(uri, asking)
    return await asking
  }

  async #ask(uri: string): Promise<JsonWebKeySet | null> {
    try {
      const fetched = await this.#fetch(uri)
      const read = fetched.ok ? readKeySet(fetched.value.json) : { fault: fetched.no }
      const keys = 'fault' in read ? null : read
      const asked = (fetched.ok ? (fetched.value.maxAgeSeconds ?? 0) : 0) * 1000
      const forMs = keys === null ? AFTER_A_FAULT_MS : Math.min(MOST_MS, Math.max(LEAST_MS, asked))
      const [oldest] = this.#kept.size < MAX_KEPT ? [] : this.#kept.keys()
      if (oldest !== undefined) this.#kept.delete(oldest)
      this.#kept.set(uri, { keys, untilMs: this.#clock.steadyMs() + forMs })
      return keys
    } finally {
      this.#asking.delete(uri)
    }
  }
}
