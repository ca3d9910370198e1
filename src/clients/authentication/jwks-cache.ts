import type { Clock } from '../../base/clock.ts'
import type { BoundedFetch, FetchReason } from '../../outbound/bounded-fetch.ts'
import type { JsonWebKeySet } from '../client.ts'
import { readKeySet } from '../client-keys.ts'

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

/**
 * Key sets at clients' `jwks_uri`: each is asked for once at a time, and a flood of assertions asks no more often. Those of
 * clients that are relied on are kept apart, so that strangers' cannot displace them.
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
   * Null where they cannot be had.
   *
   * @param kid the key that is looked for, where it has a name
   * @param reasonOf asked only where something has to be fetched
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
      // It was not asked, so there is nothing to wait for.
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
