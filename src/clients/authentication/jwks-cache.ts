import type { Clock } from '../../base/clock.ts'
import type { BoundedFetch, FetchReason } from '../../outbound/bounded-fetch.ts'
import type { JsonWebKeySet } from '../client.ts'
import { readKeySet } from '../client-keys.ts'

/**
 * Lifetime of a key set, whatever its server says; and the shortest time between two fetches where a key is missing.
 * A client may have just begun to sign with a new key, and an attacker may invent key ids.
 */
const LEAST_MS = 60_000
const MOST_MS = 3_600_000
const AFTER_A_FAULT_MS = 30_000
/** While its server is unreachable, the last good set is used for this long. */
const LAST_GOOD_MS = 86_400_000
const MAX_KEPT = 1_000

interface Kept {
  /** Null: never fetched, or too long ago. */
  readonly keys: JsonWebKeySet | null
  readonly hadAtMs: number
  readonly askedAtMs: number
  readonly untilMs: number
}

/**
 * Cache of the key sets at clients' `jwks_uri`. Fetches are coalesced (single-flight), and a flood of assertions
 * causes no more of them. Sets of clients that are relied on are cached apart, so that others cannot displace them.
 */
export class JwksCache {
  readonly #fetch: BoundedFetch
  readonly #clock: Pick<Clock, 'steadyMs'>
  readonly #kept = { relied: new Map<string, Kept>(), strangers: new Map<string, Kept>() }
  readonly #asking = new Map<string, Promise<JsonWebKeySet | null>>()

  constructor(fetch: BoundedFetch, clock: Pick<Clock, 'steadyMs'>) {
    this.#fetch = fetch
    this.#clock = clock
  }

  /**
   * @returns null where the keys cannot be had
   * @param kid of the wanted key, if it has one
   * @param reasonOf called only where something has to be fetched
   */
  async at(
    uri: string,
    kid: string | undefined,
    reasonOf: () => Promise<FetchReason>,
  ): Promise<JsonWebKeySet | null> {
    const kept = this.#kept.relied.get(uri) ?? this.#kept.strangers.get(uri)
    if (kept !== undefined && !this.#isDue(kept, kid)) return kept.keys
    const reason = await reasonOf()
    const name = `${reason.isRelied} ${uri}`
    const asking = this.#asking.get(name) ?? this.#ask(name, uri, reason)
    this.#asking.set(name, asking)
    return await asking
  }

  #isDue({ keys, untilMs, askedAtMs }: Kept, kid: string | undefined): boolean {
    const nowMs = this.#clock.steadyMs()
    if (untilMs <= nowMs) return true
    const isMissing = kid !== undefined && keys !== null && !keys.keys.some((key) => key.kid === kid)
    return isMissing && askedAtMs + LEAST_MS <= nowMs
  }

  async #ask(name: string, uri: string, reason: FetchReason): Promise<JsonWebKeySet | null> {
    try {
      const fetched = await this.#fetch(uri, reason)
      const nowMs = this.#clock.steadyMs()
      const before = this.#kept.relied.get(uri) ?? this.#kept.strangers.get(uri)
      const lately = before !== undefined && before.hadAtMs + LAST_GOOD_MS > nowMs ? before.keys : null
      // Nothing was fetched, so there is no fault to remember.
      if (!fetched.ok && fetched.no === 'too_many') return lately
      const read = fetched.ok ? readKeySet(fetched.value.json) : { fault: fetched.no }
      const maxAgeSeconds = fetched.ok ? fetched.value.maxAgeSeconds : null
      const kept = 'fault' in read ? without(lately, before, nowMs) : had(read, maxAgeSeconds, nowMs)
      this.#keep(uri, kept, reason.isRelied)
      return kept.keys
    } finally {
      this.#asking.delete(name)
    }
  }

  #keep(uri: string, kept: Kept, isRelied: boolean): void {
    const { relied, strangers } = this.#kept
    const place = isRelied || relied.has(uri) ? relied : strangers
    strangers.delete(uri)
    place.delete(uri)
    const [oldest] = place.size < MAX_KEPT ? [] : place.keys()
    if (oldest !== undefined) place.delete(oldest)
    place.set(uri, kept)
  }
}

function without(lately: JsonWebKeySet | null, before: Kept | undefined, nowMs: number): Kept {
  const untilMs = nowMs + AFTER_A_FAULT_MS
  return { keys: lately, hadAtMs: before?.hadAtMs ?? nowMs, askedAtMs: nowMs, untilMs }
}

function had(keys: JsonWebKeySet, maxAgeSeconds: number | null, nowMs: number): Kept {
  const untilMs = nowMs + Math.min(MOST_MS, Math.max(LEAST_MS, (maxAgeSeconds ?? 0) * 1000))
  return { keys, hadAtMs: nowMs, askedAtMs: nowMs, untilMs }
}
