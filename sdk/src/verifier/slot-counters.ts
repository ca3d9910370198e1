import type { DigestTable, Float64Field, Int32Field, Slot } from './digest-table.ts'

/** Fields of a cache's rows; {@link RecordCache} has the others. */
const MARK = 1 as Int32Field
const CALLS = 2 as Int32Field
const COUNTED_AT = 3 as Float64Field

/**
 * Usage counters in the rows of a cache, in the line of the processor's cache that a lookup has just read. A new row's
 * are 0.
 */
export class SlotCounters {
  readonly #table: DigestTable

  constructor(table: DigestTable) {
    this.#table = table
  }

  /** A small integer of the counting code's own. */
  markAt(slot: Slot): number {
    return this.#table.integer(slot, MARK)
  }

  setMark(slot: Slot, mark: number): void {
    this.#table.setInteger(slot, MARK, mark)
  }

  /** Counts one call, at a time in ms since the epoch. */
  count(slot: Slot, atMs: number): void {
    this.#table.setInteger(slot, CALLS, this.#table.integer(slot, CALLS) + 1)
    this.#table.setNumber(slot, COUNTED_AT, atMs)
  }

  /** Returns the calls since this was called last, and resets them. */
  take(slot: Slot): number {
    const calls = this.#table.integer(slot, CALLS)
    this.#table.setInteger(slot, CALLS, 0)
    return calls
  }

  /** The time of the last call, in ms since the epoch. */
  lastAt(slot: Slot): number {
    return this.#table.number(slot, COUNTED_AT)
  }
}
