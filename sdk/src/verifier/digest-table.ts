declare const slotMark: unique symbol
/** The index of a row: stays the same while the row is there, and is used again when it was removed. */
export type Slot = number & { readonly [slotMark]: true }
export const NO_SLOT = -1 as Slot

declare const int32Mark: unique symbol
/** The index of a 32-bit integer in a row, below {@link INTEGERS}. */
export type Int32Field = number & { readonly [int32Mark]: true }

declare const float64Mark: unique symbol
/** The index of a 64-bit number in a row, below {@link NUMBERS}. */
export type Float64Field = number & { readonly [float64Mark]: true }

/** Rows of one chunk: 4096 × 64 bytes = 256 KB. Chunks are added, never copied, so growing causes no pause. */
const CHUNK_BITS = 12
const CHUNK_ROWS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_ROWS - 1
/** One line of the processor's cache: 16 bytes of the digest, four integers of 32 bits, four numbers of 64. */
const ROW_BYTES = 64
const ROW_WORDS = ROW_BYTES / 4
const ROW_DOUBLES = ROW_BYTES / 8
const DIGEST_WORDS = 4
export const INTEGERS = 4
const FIRST_INTEGER = DIGEST_WORDS
const FIRST_NUMBER = (DIGEST_WORDS + INTEGERS) / 2
export const NUMBERS = ROW_DOUBLES - FIRST_NUMBER
const FIRST_BUCKETS = 1024
/** The share of taken buckets at which their number doubles. */
const MAX_LOAD = 0.7

/**
 * A hash table from SHA-256 digests to rows of numbers, in typed arrays outside the garbage collector's sight: a `Map` of
 * a million objects costs it tenths of a second at a time, and each lookup several misses of the processor's cache.
 *
 * A row holds the first 128 bits of the digest, {@link INTEGERS} integers and {@link NUMBERS} numbers. Nobody finds a
 * text whose SHA-256 begins with 128 given bits, and comparing all 256 takes twice as long.
 *
 * Rows are found through buckets of 8 bytes (the mixed digest, slot + 1) by open addressing with linear probing. Removal
 * closes the gap by backward-shift deletion, so there are no tombstones. Digests are 16 characters of UTF-16, see
 * `digest.ts`.
 */
export class DigestTable {
  #buckets = new Int32Array(FIRST_BUCKETS * 2)
  #mask = FIRST_BUCKETS - 1
  readonly #words: Int32Array[] = []
  readonly #numbers: Float64Array[] = []
  readonly #free: Slot[] = []
  #slots = 0

  /** The number of rows. */
  get size(): number {
    return this.#slots - this.#free.length
  }

  /** One more than the highest slot that was ever used. */
  get slots(): number {
    return this.#slots
  }

  /** The bytes that the table takes. */
  get bytes(): number {
    return this.#buckets.byteLength + this.#words.length * CHUNK_ROWS * ROW_BYTES
  }

  /** The row's slot, or {@link NO_SLOT}. */
  find(digest: string): Slot {
    const mix = mixOf(digest)
    for (let bucket = mix & this.#mask; ; bucket = (bucket + 1) & this.#mask) {
      const taken = this.#buckets[bucket * 2 + 1]
      if (taken === 0 || taken === undefined) return NO_SLOT
      if (this.#buckets[bucket * 2] === mix && this.#isAt((taken - 1) as Slot, digest))
        return (taken - 1) as Slot
    }
  }

  /** Adds a row for a digest that has none; its numbers are 0. */
  add(digest: string): Slot {
    if (this.size + 1 > (this.#mask + 1) * MAX_LOAD) this.#grow()
    const freed = this.#free.pop()
    const slot = freed ?? (this.#slots++ as Slot)
    if (slot >> CHUNK_BITS === this.#words.length) {
      const chunk = new ArrayBuffer(CHUNK_ROWS * ROW_BYTES)
      this.#words.push(new Int32Array(chunk))
      this.#numbers.push(new Float64Array(chunk))
    }
    const words = this.#wordsOf(slot)
    const at = (slot & CHUNK_MASK) * ROW_WORDS
    if (freed !== undefined) words.fill(0, at, at + ROW_WORDS)
    for (let word = 0; word < DIGEST_WORDS; word++) words[at + word] = wordOf(digest, word)
    this.#take(mixOf(digest), slot)
    return slot
  }

  /** The part of a row's digest that it is found by: enough to add it again. */
  digestAt(slot: Slot): string {
    const words = this.#wordsOf(slot)
    const at = (slot & CHUNK_MASK) * ROW_WORDS
    return String.fromCharCode(
      ...[...words.subarray(at, at + DIGEST_WORDS)].flatMap((word) => [word & 0xffff, word >>> 16]),
    )
  }

  remove(slot: Slot): void {
    const words = this.#wordsOf(slot)
    const at = (slot & CHUNK_MASK) * ROW_WORDS
    let bucket = mix(words[at] ?? 0, words[at + 1] ?? 0) & this.#mask
    while (this.#buckets[bucket * 2 + 1] !== slot + 1) bucket = (bucket + 1) & this.#mask
    this.#shiftBack(bucket)
    this.#free.push(slot)
  }

  integer(slot: Slot, field: Int32Field): number {
    return this.#wordsOf(slot)[(slot & CHUNK_MASK) * ROW_WORDS + FIRST_INTEGER + field] ?? 0
  }

  setInteger(slot: Slot, field: Int32Field, value: number): void {
    this.#wordsOf(slot)[(slot & CHUNK_MASK) * ROW_WORDS + FIRST_INTEGER + field] = value
  }

  number(slot: Slot, field: Float64Field): number {
    return this.#numbersOf(slot)[(slot & CHUNK_MASK) * ROW_DOUBLES + FIRST_NUMBER + field] ?? 0
  }

  setNumber(slot: Slot, field: Float64Field, value: number): void {
    this.#numbersOf(slot)[(slot & CHUNK_MASK) * ROW_DOUBLES + FIRST_NUMBER + field] = value
  }

  clear(): void {
    this.#buckets = new Int32Array(FIRST_BUCKETS * 2)
    this.#mask = FIRST_BUCKETS - 1
    this.#words.length = 0
    this.#numbers.length = 0
    this.#free.length = 0
    this.#slots = 0
  }

  #isAt(slot: Slot, digest: string): boolean {
    const words = this.#wordsOf(slot)
    const at = (slot & CHUNK_MASK) * ROW_WORDS
    return (
      words[at] === wordOf(digest, 0) &&
      words[at + 1] === wordOf(digest, 1) &&
      words[at + 2] === wordOf(digest, 2) &&
      words[at + 3] === wordOf(digest, 3)
    )
  }

  #wordsOf(slot: Slot): Int32Array {
    const words = this.#words[slot >> CHUNK_BITS]
    if (words === undefined) throw new RangeError('there is no such slot')
    return words
  }

  #numbersOf(slot: Slot): Float64Array {
    const numbers = this.#numbers[slot >> CHUNK_BITS]
    if (numbers === undefined) throw new RangeError('there is no such slot')
    return numbers
  }

  #take(mix: number, slot: Slot): void {
    let bucket = mix & this.#mask
    while (this.#buckets[bucket * 2 + 1] !== 0) bucket = (bucket + 1) & this.#mask
    this.#buckets[bucket * 2] = mix
    this.#buckets[bucket * 2 + 1] = slot + 1
  }

  /** Backward-shift deletion: moves entries that were pushed past the emptied bucket back, so that no probe ends too early. */
  #shiftBack(bucket: number): void {
    let hole = bucket
    for (
      let next = (bucket + 1) & this.#mask;
      this.#buckets[next * 2 + 1] !== 0;
      next = (next + 1) & this.#mask
    ) {
      const home = (this.#buckets[next * 2] ?? 0) & this.#mask
      // An entry may move to the hole unless its home bucket lies between the hole and itself.
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue
      this.#buckets.copyWithin(hole * 2, next * 2, next * 2 + 2)
      hole = next
    }
    this.#buckets[hole * 2 + 1] = 0
  }

  /** Moves the buckets only, 16 MB for a million rows; rows stay where they are. */
  #grow(): void {
    const old = this.#buckets
    this.#mask = this.#mask * 2 + 1
    this.#buckets = new Int32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) {
      const taken = old[at + 1]
      if (taken !== undefined && taken !== 0) this.#take(old[at] ?? 0, (taken - 1) as Slot)
    }
  }
}

/** The secret of this process for {@link mixOf}: two summands and two odd factors. */
const [ADD_A = 0, ADD_B = 0, someA = 0, someB = 0] = crypto.getRandomValues(new Int32Array(4))
const FACTOR_A = someA | 1
const FACTOR_B = someB | 1

/**
 * Mixes a digest with this process's secret; the low bits are its home bucket. Prevents hash flooding: clients choose
 * which unknown digests come here, and by the plain bits they could choose ten thousand with one home bucket.
 */
export function mixOf(digest: string): number {
  return mix(wordOf(digest, 0), wordOf(digest, 1))
}

function mix(a: number, b: number): number {
  const first = Math.imul(a + ADD_A, FACTOR_A)
  const second = Math.imul((first ^ (first >>> 15)) + b + ADD_B, FACTOR_B)
  return second ^ (second >>> 16)
}

/** Four bytes of a digest. */
function wordOf(digest: string, word: number): number {
  return digest.charCodeAt(word * 2) | (digest.charCodeAt(word * 2 + 1) << 16)
}
