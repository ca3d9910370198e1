import { isIP } from 'node:net'

/** A set of addresses, from addresses and CIDR blocks of both families. */
export interface IpRanges {
  /** The entries as they were given. */
  readonly entries: readonly string[]
  /** Tells if an address is in a range. `::ffff:10.0.0.1` counts as `10.0.0.1`. Null (unknown) never is. */
  includes(ip: string | null): boolean
}

/**
 * Parses a list of addresses and CIDR blocks; where an entry is neither, returns it. A block may have bits after its
 * prefix, as stored lists have: {@link readIpRanges} is for what a person wrote.
 */
export function parseIpRanges(entries: readonly string[]): IpRanges | { readonly notARange: string } {
  for (const entry of entries) if (!isRange(entry)) return { notARange: entry }
  return new SortedRanges(entries)
}

/**
 * Reads a list that a person wrote, and refuses what is likely not meant: a block with bits after its prefix, and a list
 * that contains every address of a family, which restricts nothing.
 *
 * @returns the ranges, or the fault as the rest of a sentence about the list
 */
export function readIpRanges(entries: readonly string[]): IpRanges | { readonly fault: string } {
  const ranges = parseIpRanges(entries)
  if ('notARange' in ranges) {
    const shown = ranges.notARange.slice(0, 60)
    return { fault: `holds ${shown}, which is neither an IP address nor a CIDR block such as 203.0.113.0/24` }
  }
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const [start] = rangeOf(entry)
    if (compare(start, wordsOf(address)) === 0) continue
    const block = `${textOf(start, isIP(address) === 4)}/${bits}`
    return {
      fault: `holds ${entry}, which has bits after its first ${bits}: the block is ${block}, and ${address} alone is one address`,
    }
  }
  const family = wholeFamily(entries)
  return family === null ? ranges : { fault: `contains every ${family} address, so it restricts nothing` }
}

/** Several blocks may contain a family together, such as the two halves. */
function wholeFamily(entries: readonly string[]): 'IPv4' | 'IPv6' | null {
  const all = entries.map(rangeOf).sort(([a], [b]) => compare(a, b))
  const ofV4 = all.filter(([, end]) => compare(end, FIRST_MAPPED) >= 0)
  if (containsAll(ofV4, FIRST_MAPPED, LAST_MAPPED)) return 'IPv4'
  return containsAll(all, [0, 0, 0, 0], [ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES]) ? 'IPv6' : null
}

/** Looks for a gap between sorted ranges. */
function containsAll(sorted: readonly (readonly [Words, Words])[], first: Words, last: Words): boolean {
  let missing = first
  for (const [start, end] of sorted) {
    if (compare(start, missing) > 0) return false
    if (compare(end, last) >= 0) return true
    if (compare(end, missing) >= 0) missing = after(end)
  }
  return false
}

/** The next address. */
function after(words: Words): Words {
  const next: Words = [...words]
  for (let word = V6 - 1; word >= 0; word--) {
    next[word] = ((next[word] ?? 0) + 1) >>> 0
    if (next[word] !== 0) break
  }
  return next
}

function textOf(words: Words, isV4: boolean): string {
  if (isV4) return [24, 16, 8, 0].map((bits) => (words[3] >>> bits) & 0xff).join('.')
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff])
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1)
}

function isRange(entry: string): boolean {
  const [address = '', bits, ...more] = entry.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || more.length > 0) return false
  return bits === undefined || (/^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** Words of 32 bits in an IPv6 address. */
const V6 = 4
/** The third word of IPv4-mapped IPv6 addresses, `::ffff:0:0/96`. */
const MAPPED = 0xffff
const ALL_ONES = 0xffff_ffff

/**
 * Sorted ranges with binary search: 8 bytes for a range of IPv4 and 32 for one of IPv6, where Node's `BlockList` takes
 * about a thousand outside the heap. They are built on first use: most lists that are looked up equal a cached one.
 */
class SortedRanges implements IpRanges {
  readonly entries: readonly string[]
  #v4: Uint32Array | null = null
  #v6: Uint32Array | null = null
  // The last answer: mostly the same proxy is asked about again.
  #asked: string | null = null
  #answer = false

  constructor(entries: readonly string[]) {
    this.entries = entries
  }

  includes(ip: string | null): boolean {
    if (ip === this.#asked) return this.#answer
    this.#answer = ip !== null && isIP(ip) !== 0 && this.#holds(wordsOf(ip))
    this.#asked = ip
    return this.#answer
  }

  #holds(words: Words): boolean {
    if (this.#v4 === null) this.#sort()
    return isMapped(words) ? isWithin(this.#v4 ?? NONE, 1, [words[3]]) : isWithin(this.#v6 ?? NONE, V6, words)
  }

  /** A block of IPv6 that contains the IPv4-mapped addresses, such as `::/0`, is a range of both. */
  #sort(): void {
    const v4: [start: number[], end: number[]][] = []
    const v6: [start: number[], end: number[]][] = []
    for (const entry of this.entries) {
      const [start, end] = rangeOf(entry)
      const isV4 = isMapped(start)
      if (isV4 && isMapped(end)) v4.push([[start[3]], [end[3]]])
      else {
        v6.push([start, end])
        if (compare(start, FIRST_MAPPED) <= 0 && compare(end, LAST_MAPPED) >= 0) v4.push([[0], [0xffff_ffff]])
      }
    }
    this.#v4 = merged(v4)
    this.#v6 = merged(v6)
  }
}

type Words = [number, number, number, number]

const NONE = new Uint32Array(0)
const FIRST_MAPPED: Words = [0, 0, MAPPED, 0]
const LAST_MAPPED: Words = [0, 0, MAPPED, 0xffff_ffff]

function isMapped([a, b, c]: Words): boolean {
  return a === 0 && b === 0 && c === MAPPED
}

/** Returns the first and the last address of a valid entry. */
function rangeOf(entry: string): [start: Words, end: Words] {
  const [address = '', bits] = entry.split('/')
  const words = wordsOf(address)
  const family = isIP(address)
  const prefix = (bits === undefined ? (family === 4 ? 32 : 128) : Number(bits)) + (family === 4 ? 96 : 0)
  const start: Words = [...words]
  const end: Words = [...words]
  for (let word = 0; word < V6; word++) {
    const free = Math.min(32, Math.max(0, (word + 1) * 32 - prefix))
    const mask = free === 32 ? 0xffff_ffff : 2 ** free - 1
    start[word] = ((words[word] ?? 0) & ~mask) >>> 0
    end[word] = ((words[word] ?? 0) | mask) >>> 0
  }
  return [start, end]
}

/** Sorts and merges ranges, so that they do not overlap; start and end alternate. */
function merged(ranges: readonly (readonly [start: number[], end: number[]])[]): Uint32Array {
  const apart: [start: number[], end: number[]][] = []
  for (const [start, end] of ranges.toSorted(([a], [b]) => compare(a, b))) {
    const last = apart.at(-1)
    if (last === undefined || compare(start, last[1]) > 0) apart.push([start, end])
    else if (compare(end, last[1]) > 0) last[1] = end
  }
  return Uint32Array.from(apart.flat(2))
}

/** Binary search for the last range that starts at or before an address of so many words. */
function isWithin(ranges: Uint32Array, words: number, address: readonly number[]): boolean {
  let [low, high] = [0, ranges.length / (2 * words)]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareAt(ranges, middle * 2 * words, address) <= 0) low = middle + 1
    else high = middle
  }
  return low > 0 && compareAt(ranges, ((low - 1) * 2 + 1) * words, address) >= 0
}

function compare(a: readonly number[], b: readonly number[]): number {
  return compareAt(a, 0, b)
}

/** Compares the address at an index with another; negative where it is lower. */
function compareAt(list: ArrayLike<number>, at: number, address: readonly number[]): number {
  for (let word = 0; word < address.length; word++) {
    const difference = (list[at + word] ?? 0) - (address[word] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Reads an address that `isIP` accepts as the 128 bits of an IPv6 address; a zone is ignored. */
function wordsOf(ip: string): Words {
  if (!ip.includes(':')) return [0, 0, MAPPED, wordOfV4(ip)]
  const [address = ''] = ip.split('%')
  const [head = '', tail] = address.split('::')
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const groups = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
  const word = (at: number) => ((groups[at * 2] ?? 0) * 0x1_0000 + (groups[at * 2 + 1] ?? 0)) >>> 0
  return [word(0), word(1), word(2), word(3)]
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const word = wordOfV4(group)
    return [word >>> 16, word & 0xffff]
  })
}

function wordOfV4(ip: string): number {
  return ip.split('.').reduce((word, byte) => word * 256 + Number(byte), 0)
}

/** The longest address that is kept with its zone: a zone has no bound, and a client can send one in a header. */
const MAX_IP_LENGTH = 60

/** Normalises an address: IPv4-mapped IPv6 becomes IPv4. Null where the text is not an address. */
export function normalizeIp(text: string | null | undefined): string | null {
  if (text === null || text === undefined || isIP(text) === 0) return null
  const ip = text.length > MAX_IP_LENGTH ? text.slice(0, text.indexOf('%')) : text
  if (!ip.startsWith(':')) return ip
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  return mapped?.[1] ?? ip
}
