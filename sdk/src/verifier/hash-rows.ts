/** Rows of one chunk: 4096 × 64 bytes = 256 KB. Chunks are added, never copied, so that growing stalls nobody. */
const CHUNK_BITS = 12
const CHUNK_ROWS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_ROWS - 1
const ROW_BYTES = 64
const ROW_WORDS = ROW_BYTES / 4
const ROW_DOUBLES = ROW_BYTES / 8
/** A row is a line of the processor's cache: 16 bytes of its hash, four whole numbers of 32 bits, four of 64. */
const HASH_WORDS = 4
export const INTEGERS = 4
const FIRST_INTEGER = HASH_WORDS
const FIRST_NUMBER = (HASH_WORDS + INTEGERS) / 2
/** Whole numbers from -2^31 up to 2^31 - 1, and numbers of any kind, of the caller's in each row. */
export const NUMBERS = ROW_DOUBLES - FIRST_NUMBER
const FIRST_SLOTS = 1024
/** Slots that may be taken before there are twice as many. */
const MAX_LOAD = 0.7

/**
 * A table of rows by SHA-256 hash, outside the garbage collector's sight: a `Map` of a million objects costs it tenths
 * of a second at a time, and several misses of the processor's cache for each lookup.
 *
 * A row is the first 128 bits of the hash, and numbers of the caller's: {@link INTEGERS} of 32 bits and {@link NUMBERS}
 * of 64. Nobody finds a text whose SHA-256 begins with 128 given bits, and comparing all of them takes twice as long.
 * The row's place, 0, 1, 2 …, stays the same while it is there, and is used again when it was removed. Places are found
 * through slots of 8 bytes ({@link mixOf} the hash, place + 1) by open addressing with linear probing. Hashes come as 16
 * characters of UTF-16, see `digest.ts`.
 */
export class HashRows {
  #slots = new Int32Array(FIRST_SLOTS * 2)
  #mask = FIRST_SLOTS - 1
  readonly #words: Int32Array[] = []
  readonly #numbers: Float64Array[] = []
  readonly #free: number[] = []
  #places = 0

  /** How many rows there are. */
  get size(): number {
    return this.#places - this.#free.length
  }

  /** All places up to here have been used at some time. */
  get places(): number {
    return this.#places
  }

  /** Bytes that the table takes. */
  get bytes(): number {
    return this.#slots.byteLength + this.#words.length * CHUNK_ROWS * ROW_BYTES
  }

  /** The row's place, or -1. */
  find(hash: string): number {
    const mix = mixOf(hash)
    for (let slot = mix & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const taken = this.#slots[slot * 2 + 1]
      if (taken === 0 || taken === undefined) return -1
      if (this.#slots[slot * 2] === mix && this.#isAt(taken - 1, hash)) return taken - 1
    }
  }

  /** Makes a row for a hash that has none; its numbers are 0. */
  add(hash: string): number {
    if (this.size + 1 > (this.#mask + 1) * MAX_LOAD) this.#grow()
    const place = this.#free.pop() ?? this.#places++
    if (place >> CHUNK_BITS === this.#words.length) {
      const chunk = new ArrayBuffer(CHUNK_ROWS * ROW_BYTES)
      this.#words.push(new Int32Array(chunk))
      this.#numbers.push(new Float64Array(chunk))
    }
    const words = this.#wordsOf(place)
    const at = (place & CHUNK_MASK) * ROW_WORDS
    words.fill(0, at, at + ROW_WORDS)
    for (let word = 0; word < HASH_WORDS; word++) words[at + word] = wordOf(hash, word)
    this.#take(mixOf(hash), place)
    return place
  }

  /** As much of a row's hash as it is found by: enough to add it again. */
  hashAt(place: number): string {
    const words = this.#wordsOf(place)
    const at = (place & CHUNK_MASK) * ROW_WORDS
    return String.fromCharCode(
      ...[...words.subarray(at, at + HASH_WORDS)].flatMap((word) => [word & 0xffff, word >>> 16]),
    )
  }

  remove(place: number): void {
    const words = this.#wordsOf(place)
    const at = (place & CHUNK_MASK) * ROW_WORDS
    let slot = mix(words[at] ?? 0, words[at + 1] ?? 0) & this.#mask
    while (this.#slots[slot * 2 + 1] !== place + 1) slot = (slot + 1) & this.#mask
    this.#close(slot)
    this.#free.push(place)
  }

  integer(place: number, field: number): number {
    return this.#wordsOf(place)[(place & CHUNK_MASK) * ROW_WORDS + FIRST_INTEGER + field] ?? 0
  }

  setInteger(place: number, field: number, value: number): void {
    this.#wordsOf(place)[(place & CHUNK_MASK) * ROW_WORDS + FIRST_INTEGER + field] = value
  }

  number(place: number, field: number): number {
    return this.#numbersOf(place)[(place & CHUNK_MASK) * ROW_DOUBLES + FIRST_NUMBER + field] ?? 0
  }

  setNumber(place: number, field: number, value: number): void {
    this.#numbersOf(place)[(place & CHUNK_MASK) * ROW_DOUBLES + FIRST_NUMBER + field] = value
  }

  clear(): void {
    this.#slots = new Int32Array(FIRST_SLOTS * 2)
    this.#mask = FIRST_SLOTS - 1
    this.#words.length = 0
    this.#numbers.length = 0
    this.#free.length = 0
    this.#places = 0
  }

  #isAt(place: number, hash: string): boolean {
    const words = this.#wordsOf(place)
    const at = (place & CHUNK_MASK) * ROW_WORDS
    return (
      words[at] === wordOf(hash, 0) &&
      words[at + 1] === wordOf(hash, 1) &&
      words[at + 2] === wordOf(hash, 2) &&
      words[at + 3] === wordOf(hash, 3)
    )
  }

  #wordsOf(place: number): Int32Array {
    const words = this.#words[place >> CHUNK_BITS]
    if (words === undefined) throw new RangeError('there is no such place')
    return words
  }

  #numbersOf(place: number): Float64Array {
    const numbers = this.#numbers[place >> CHUNK_BITS]
    if (numbers === undefined) throw new RangeError('there is no such place')
    return numbers
  }

  #take(mix: number, place: number): void {
    let slot = mix & this.#mask
    while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask
    this.#slots[slot * 2] = mix
    this.#slots[slot * 2 + 1] = place + 1
  }

  /** Empties a slot and moves what was pushed past it back, so that no probe ends too early. */
  #close(slot: number): void {
    let hole = slot
    for (
      let next = (slot + 1) & this.#mask;
      this.#slots[next * 2 + 1] !== 0;
      next = (next + 1) & this.#mask
    ) {
      const home = (this.#slots[next * 2] ?? 0) & this.#mask
      // It may move back to the hole unless its home lies behind the hole, between it and itself.
      if (((next - home) & this.#mask) < ((next - hole) & this.#mask)) continue
      this.#slots.copyWithin(hole * 2, next * 2, next * 2 + 2)
      hole = next
    }
    this.#slots[hole * 2 + 1] = 0
  }

  /** Only the slots move: 16 MB for a million rows. */
  #grow(): void {
    const old = this.#slots
    this.#mask = this.#mask * 2 + 1
    this.#slots = new Int32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) {
      const taken = old[at + 1]
      if (taken !== undefined && taken !== 0) this.#take(old[at] ?? 0, taken - 1)
    }
  }
}

/** Random for each process, and nowhere to be seen: two summands, and two odd factors. */
const [ADD_A = 0, ADD_B = 0, someA = 0, someB = 0] = crypto.getRandomValues(new Int32Array(4))
const FACTOR_A = someA | 1
const FACTOR_B = someB | 1

/**
 * The slot where the search for a hash begins, in its low bits. Clients choose which unknown hashes come here: by the bits
 * of the hash itself they could choose ten thousand that all begin at one slot (hash flooding). Which slot that is, and
 * which other hashes begin there, must not be known outside of this process.
 */
export function mixOf(hash: string): number {
  return mix(wordOf(hash, 0), wordOf(hash, 1))
}

function mix(a: number, b: number): number {
  const first = Math.imul(a + ADD_A, FACTOR_A)
  const second = Math.imul((first ^ (first >>> 15)) + b + ADD_B, FACTOR_B)
  return second ^ (second >>> 16)
}

/** The word-th four bytes of a hash. */
function wordOf(hash: string, word: number): number {
  return hash.charCodeAt(word * 2) | (hash.charCodeAt(word * 2 + 1) << 16)
}
