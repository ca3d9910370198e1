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

/**
 * Age up to which an entry is used, from when it was requested: a revoked admin key may verify for at most so long,
 * whatever fails.
 */
const FRESH_MS = 5_000
const MAX_KNOWN = 1_000
/** Those that are no admin key have a room of their own, so that a flood of them pushes nobody out. */
const MAX_UNKNOWN = 10_000

interface Answer {
  readonly key: PresentedAdminKey | null
  readonly askedAtMs: number
}

/**
 * Admin keys by hash, for what is asked thousands of times a second. Changes reach it by the feed, within milliseconds;
 * without the feed nothing here is older than five seconds. Whoever may change something is looked up each time instead:
 * see `management.ts`.
 */
export class KnownAdminKeys implements ChangesListener {
  readonly #clock: Clock
  readonly #known = new Map<string, Answer>()
  readonly #unknown = new Map<string, Answer>()
  readonly #lookups: Lookups<PresentedAdminKey>

  constructor(db: Db, clock: Clock) {
    this.#clock = clock
    this.#lookups = new Lookups<PresentedAdminKey>(
      { lookup: (hashes) => adminKeysByHash(db, hashes) },
      () => clock.steadyMs(),
      (digest, key, askedAtMs) => this.#keep(digest, { key, askedAtMs }),
    )
  }

  /** The key of a secret, if it is known here and alive; undefined says nothing about it. Asks nobody. */
  live(text: string): PresentedAdminKey | undefined {
    const key = this.#fresh(digestCredential(text))
    return key != null && endedBy(key, this.#clock.nowMs()) === null ? key : undefined
  }

  /**
   * The key of a secret, dead or alive; null where there is none. However many ask, one question at a time goes out.
   * Rejects with a SourceUnavailableError.
   */
  async find(text: string): Promise<PresentedAdminKey | null> {
    const digest = digestCredential(text)
    const key = this.#fresh(digest)
    return key === undefined ? await this.#lookups.record(digest) : key
  }

  /** Has one asked for anew, by the hash of its secret (64 hex digits). */
  forget(hash: string): void {
    const digest = digestOfHex(hash)
    this.#known.delete(digest)
    this.#unknown.delete(digest)
    this.#lookups.invalidate(digest)
  }

  /** Has every one asked for anew. */
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

  /** Nothing here lives longer for it. */
  confirmed(): void {}

  restarted(): void {
    this.forgetAll()
  }

  /** Those that are bound to some owners, which end with their owner's suspension. */
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
