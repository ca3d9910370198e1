import { CRC_TABLE, DIGITS, NO_DIGIT, parseCredential } from './credential.ts'
import { MAX_PREFIX_LENGTH, MIN_CREDENTIAL_LENGTH, TAIL_LENGTH } from './credential-format.ts'

/** Nested percent escapes are decoded to this depth: a URL in the query of a URL has two. */
const MAX_DECODINGS = 2
const MAX_FOUND = 20
const SHAPE = /_[0-9A-Za-z]{49}/
const UNDERSCORE = 0x5f
const PERCENT = 0x25

/** A text on one level of decoding, and the position of each character in the original. */
interface Level {
  readonly codes: Uint16Array
  /** One more than the characters: the last is the end. Null: the positions are the same. */
  readonly places: Uint32Array | null
}

/** From and to, in the original text. */
type Span = readonly [from: number, to: number]

/**
 * Finds every credential in a text, whatever surrounds it, by its shape alone: prefix, 49 characters of base62 and a
 * valid checksum. The text is read as it is, and with its percent escapes decoded once and twice. Linear time.
 */
export function credentialsIn(text: string): readonly string[] {
  const found = new Set<string>()
  for (const { codes } of levelsOf(text))
    for (const tail of tailsOf(codes)) {
      const from = beginningOf(codes, tail)
      if (from !== null) found.add(textOf(codes, from, tail + TAIL_LENGTH))
      if (found.size === MAX_FOUND) return [...found]
    }
  return [...found]
}

/** Replaces each credential that {@link credentialsIn} finds by `[secret]`; for text that is stored. */
export function withoutCredentials(text: string): string {
  return replaced(text, (codes, tail) => {
    const from = beginningOf(codes, tail)
    return from === null ? null : [from, tail + TAIL_LENGTH]
  })
}

/**
 * Replaces everything shaped like a credential, also with a wrong checksum or with more behind it; for the log, where
 * hiding too much does no harm.
 */
export function withoutSecretShapes(text: string): string {
  return replaced(text, (codes, tail) => {
    const earliest = Math.max(0, tail - 1 - MAX_PREFIX_LENGTH)
    let from = tail - 1
    while (from > earliest && isOfPrefix(codes[from - 1] ?? 0)) from -= 1
    let to = tail + TAIL_LENGTH
    while (isDigit(codes[to])) to += 1
    return from === tail - 1 ? null : [from, to]
  })
}

function replaced(text: string, spanOf: (codes: Uint16Array, tail: number) => Span | null): string {
  const spans: Span[] = []
  for (const { codes, places } of levelsOf(text))
    for (const tail of tailsOf(codes)) {
      const span = spanOf(codes, tail)
      if (span !== null) spans.push([places?.[span[0]] ?? span[0], places?.[span[1]] ?? span[1]])
    }
  let clean = ''
  let at = 0
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    if (to <= at) continue
    if (from >= at) clean += `${text.slice(at, from)}[secret]`
    at = to
  }
  return at === 0 ? text : clean + text.slice(at)
}

function levelsOf(text: string): readonly Level[] {
  if (text.length < MIN_CREDENTIAL_LENGTH) return []
  const isEscaped = text.includes('%')
  if (!isEscaped && !SHAPE.test(text)) return []
  const codes = new Uint16Array(text.length)
  for (let at = 0; at < codes.length; at++) codes[at] = text.charCodeAt(at)
  const levels: Level[] = [{ codes, places: null }]
  let last: Level | null = levels[0] ?? null
  for (let depth = 0; isEscaped && last !== null && depth < MAX_DECODINGS; depth++) {
    last = decoded(last)
    if (last !== null) levels.push(last)
  }
  return levels
}

/** Decodes percent escapes byte by byte: a credential is ASCII. Null where there are none. */
function decoded({ codes, places }: Level): Level | null {
  if (!codes.includes(PERCENT)) return null
  const { length } = codes
  const to = new Uint16Array(length)
  const from = new Uint32Array(length + 1)
  let end = 0
  for (let at = 0; at < length; end++) {
    const byte = codes[at] === PERCENT ? hexDigit(codes[at + 1]) * 16 + hexDigit(codes[at + 2]) : Number.NaN
    from[end] = places?.[at] ?? at
    to[end] = Number.isNaN(byte) ? (codes[at] ?? 0) : byte
    at += Number.isNaN(byte) ? 1 : 3
  }
  from[end] = places?.[length] ?? length
  return end === length ? null : { codes: to.subarray(0, end), places: from }
}

/** NaN for any other character. */
function hexDigit(code: number | undefined): number {
  if (code === undefined) return Number.NaN
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}

/** Yields the positions where 49 characters of base62 follow a `_`. Each character is read at most twice. */
function* tailsOf(codes: Uint16Array): Generator<number> {
  for (let at = codes.indexOf(UNDERSCORE); at !== -1; at = codes.indexOf(UNDERSCORE, at)) {
    const tail = at + 1
    at = tail
    while (isDigit(codes[at])) at += 1
    if (at - tail >= TAIL_LENGTH) yield tail
  }
}

/**
 * Finds the start of the credential that ends with this body and checksum; null where the checksum fits no prefix. The
 * CRC is computed backwards: where it reaches its initial value, the text from there on has that checksum. So one pass
 * tries every start.
 */
function beginningOf(codes: Uint16Array, tail: number): number | null {
  const end = tail + TAIL_LENGTH
  const checksumAt = end - 6
  let checksum = 0
  for (let at = checksumAt; at < end; at++) checksum = checksum * 62 + (DIGITS[codes[at] ?? 0] ?? 0)
  if (checksum > 0xffff_ffff) return null
  let crc = ~checksum
  const earliest = Math.max(0, tail - 1 - MAX_PREFIX_LENGTH)
  for (let at = checksumAt - 1; at >= earliest; at--) {
    const code = codes[at] ?? 0
    if (at < tail && !isOfPrefix(code)) return null
    const index = BY_HIGH_BYTE[crc >>> 24] ?? 0
    crc = ((crc ^ (CRC_TABLE[index] ?? 0)) << 8) | (index ^ code)
    if (crc === -1 && at < tail && parseCredential(textOf(codes, at, end)) !== null) return at
  }
  return null
}

/** The index of the CRC table's entry with a high byte; no two entries share one. */
const BY_HIGH_BYTE = new Uint8Array(256)
for (const [index, entry] of CRC_TABLE.entries()) BY_HIGH_BYTE[entry >>> 24] = index

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code < 128 && DIGITS[code] !== NO_DIGIT
}

/** `a-z`, `0-9` and `_`. */
function isOfPrefix(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === UNDERSCORE
}

function textOf(codes: Uint16Array, from: number, to: number): string {
  return String.fromCharCode(...codes.subarray(from, to))
}
