import type { Clock } from '../base/clock.ts'
import type { FetchDocument } from '../http/outbound.ts'
import type { JsonWebKeySet } from './client.ts'
import { readKeySet } from './client-keys.ts'

/**
 * How long a key set is used, whatever its server says; and how soon it is asked for again where it could not be had, or
 * lacks a key: a client may have just begun to sign with a new one, and a stranger may make names of keys up.
 */
const LEAST_MS = 60_000
const MOST_MS = 3_600_000
const AFTER_A_FAULT_MS = 30_000
/** While its server is away, the set that it gave last does; for so long. */
const LAST_GOOD_MS = 86_400_000
const MAX_KEPT = 1_000

interface Kept {
  /** Null: they were never had, or too long ago. */
  readonly keys: JsonWebKeySet | null
  readonly hadAtMs: number
  readonly askedAtMs: number
  readonly untilMs: number
}

/** Key sets at clients' `jwks_uri`: each is asked for once at a time, and a flood of assertions asks no more often. */
export class FetchedKeys {
  readonly #fetch: FetchDocument
  readonly #clock: Pick<Clock, 'steadyMs'>
  readonly #kept = new Map<string, Kept>()
  readonly #asking = new Map<string, Promise<JsonWebKeySet | null>>()

  constructor(fetch: FetchDocument, clock: Pick<Clock, 'steadyMs'>) {
    this.#fetch = fetch
    this.#clock = clock
  }

  /** Null where they cannot be had. @param kid the key that is looked for, where it has a name */
  async at(uri: string, kid?: string): Promise<JsonWebKeySet | null> {
    const kept = this.#kept.get(uri)
    if (kept !== undefined && !this.#isDue(kept, kid)) return kept.keys
    const asking = this.#asking.get(uri) ?? this.#ask(uri, kept)
    this.#asking.set(uri, asking)
    return await asking
  }

  #isDue({ keys, untilMs, askedAtMs }: Kept, kid: string | undefined): boolean {
    const nowMs = this.#clock.steadyMs()
    if (untilMs <= nowMs) return true
    const isMissing = kid !== undefined && keys !== null && !keys.keys.some((key) => key.kid === kid)
    return isMissing && askedAtMs + LEAST_MS <= nowMs
  }

  async #ask(uri: string, before: Kept | undefined): Promise<JsonWebKeySet | null> {
    try {
      const fetched = await this.#fetch(uri)
      const read = fetched.ok ? readKeySet(fetched.value.json) : { fault: fetched.no }
      const nowMs = this.#clock.steadyMs()
      const kept = 'fault' in read ? this.#without(before, nowMs) : had(read, fetched, nowMs)
      this.#kept.delete(uri)
      const [oldest] = this.#kept.size < MAX_KEPT ? [] : this.#kept.keys()
      if (oldest !== undefined) this.#kept.delete(oldest)
      this.#kept.set(uri, kept)
      return kept.keys
    } finally {
      this.#asking.delete(uri)
    }
  }

  #without(before: Kept | undefined, nowMs: number): Kept {
    const isGood = before !== undefined && before.hadAtMs + LAST_GOOD_MS > nowMs
    const untilMs = nowMs + AFTER_A_FAULT_MS
    return { keys: isGood ? before.keys : null, hadAtMs: before?.hadAtMs ?? nowMs, askedAtMs: nowMs, untilMs }
  }
}

function had(keys: JsonWebKeySet, fetched: Awaited<ReturnType<FetchDocument>>, nowMs: number): Kept {
  const askedMs = (fetched.ok ? (fetched.value.maxAgeSeconds ?? 0) : 0) * 1000
  const untilMs = nowMs + Math.min(MOST_MS, Math.max(LEAST_MS, askedMs))
  return { keys, hadAtMs: nowMs, askedAtMs: nowMs, untilMs }
}
