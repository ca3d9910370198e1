import {
  type Change,
  type ChangesListener,
  digestCredential,
  digestOfHex,
  endedBy,
  Lookups,
} from '@doorward/sdk/kernel'
import type { Clock } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { adminKeysByHash, type PresentedAdminKey } from './admin-key.store.ts'
import { AdminKeyUses } from './admin-key-uses.ts'

/**
 * Maximum age of a cache entry, from its lookup's start: bounds how long a revoked admin key may verify, whatever fails.
 */
const FRESH_MS = 5_000
const MAX_KNOWN = 1_000
/** Negative cache, separate so that a flood of unknown keys does not evict known ones. */
const MAX_UNKNOWN = 10_000

interface Answer {
  readonly key: PresentedAdminKey | null
  readonly askedAtMs: number
}

/**
 * Cache of admin keys by hash, for verification requests at thousands a second. The changes feed invalidates it within
 * milliseconds; without the feed no entry is used after five seconds. Requests that may change something read the
 * database instead: see `authenticate-admin-key.ts`.
 */
export class KnownAdminKeys implements ChangesListener {
  /** Notes the uses of the keys, of all that accept one. */
  readonly uses: AdminKeyUses
  readonly #clock: Clock
  readonly #known = new Map<string, Answer>()
  readonly #unknown = new Map<string, Answer>()
  readonly #lookups: Lookups<PresentedAdminKey>

  constructor(db: Db, clock: Clock, uses = new AdminKeyUses(db, clock)) {
    this.uses = uses
    this.#clock = clock
    this.#lookups = new Lookups<PresentedAdminKey>(
      { lookup: (hashes) => adminKeysByHash(db, hashes) },
      () => clock.steadyMs(),
      (digest, key, askedAtMs) => this.#keep(digest, { key, askedAtMs }),
    )
  }

  /** The key of a secret, if cached and active; undefined may be a cache miss. Reads the cache only. */
  live(text: string): PresentedAdminKey | undefined {
    const key = this.#fresh(digestCredential(text))
    return key != null && endedBy(key, this.#clock.nowMs()) === null ? key : undefined
  }

  /**
   * The key of a secret, active or not; null where there is none. Concurrent lookups are coalesced into one query at a
   * time (single-flight). Rejects with a SourceUnavailableError.
   */
  async find(text: string): Promise<PresentedAdminKey | null> {
    const digest = digestCredential(text)
    const key = this.#fresh(digest)
    return key === undefined ? await this.#lookups.record(digest) : key
  }

  /** Invalidates one entry by the hash of its secret (64 hex digits). */
  forget(hash: string): void {
    const digest = digestOfHex(hash)
    this.#known.delete(digest)
    this.#unknown.delete(digest)
    this.#lookups.invalidate(digest)
  }

  /** Invalidates all entries. */
  forgetAll(): void {
    this.#known.clear()
    this.#unknown.clear()
    this.#lookups.invalidate(null)
  }

  changed({ hashes, holders }: Change): void {
    if (hashes === null && holders != null) this.#forgetOf(new Set(holders.ownerIds))
    else if (hashes === null) this.forgetAll()
    else for (const hash of hashes) this.forget(hash)
  }

  /** Does not extend entries: they expire by age. */
  confirmed(): void {}

  restarted(): void {
    this.forgetAll()
  }

  /** Invalidates keys that are bound to some owners: a suspension of the owner refuses them. */
  #forgetOf(owners: ReadonlySet<string | null>): void {
    for (const [digest, { key }] of this.#known)
      if (key !== null && owners.has(key.ownerId)) this.#known.delete(digest)
    this.#lookups.invalidateWhere(({ ownerId }) => owners.has(ownerId))
  }

  #fresh(digest: string): PresentedAdminKey | null | undefined {
    const answer = this.#known.get(digest) ?? this.#unknown.get(digest)
    return answer !== undefined && this.#clock.steadyMs() - answer.askedAtMs < FRESH_MS
      ? answer.key
      : undefined
  }

  #keep(digest: string, answer: Answer): void {
    this.#known.delete(digest)
    this.#unknown.delete(digest)
    const [room, most] = answer.key === null ? [this.#unknown, MAX_UNKNOWN] : [this.#known, MAX_KNOWN]
    const [oldest] = room.size < most ? [] : room.keys()
    if (oldest !== undefined) room.delete(oldest)
    room.set(digest, answer)
  }
}
