import { DigestTable, type Float64Field, NO_SLOT, type Slot } from './digest-table.ts'

const ASKED_AT = 0 as Float64Field
const MAX_ENTRIES = 10_000
/** Bytes of one entry: a row and its share of the buckets, with room for what grows ahead of need. */
const BYTES_OF_ENTRY = 120

/**
 * Negative cache: digests that no credential has, with the time at which each was asked for. It has room of its own, so
 * that a flood of well-formed garbage evicts only other garbage. Eviction goes round by slot, which is about the order of
 * arrival (FIFO): hits say nothing here, since a client chooses them.
 */
export class UnknownHashes {
  readonly #table = new DigestTable()
  readonly #maxEntries: number
  #hand = 0

  /** @param maxEntries of the cache; more than {@link MAX_ENTRIES} are not kept here */
  constructor(maxEntries: number) {
    this.#maxEntries = Math.min(maxEntries, MAX_ENTRIES)
  }

  get size(): number {
    return this.#table.size
  }

  /** About how many bytes it takes. */
  get bytes(): number {
    return this.#table.size * BYTES_OF_ENTRY
  }

  /** The time at which an unknown digest was asked for; undefined where it is not here. */
  askedAtMs(digest: string): number | undefined {
    const slot = this.#table.find(digest)
    return slot === NO_SLOT ? undefined : this.#table.number(slot, ASKED_AT)
  }

  /** Adds a digest that is not here. */
  add(digest: string, askedAtMs: number): void {
    if (this.#table.size >= this.#maxEntries) {
      this.#table.remove(this.#hand as Slot)
      this.#hand = (this.#hand + 1) % this.#maxEntries
    }
    this.#table.setNumber(this.#table.add(digest), ASKED_AT, askedAtMs)
  }

  delete(digest: string): void {
    const slot = this.#table.find(digest)
    if (slot !== NO_SLOT) this.#table.remove(slot)
  }

  clear(): void {
    this.#table.clear()
    this.#hand = 0
  }
}
