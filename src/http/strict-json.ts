import { no, type Result, yes } from '../base/result.ts'
import { indexOfFault } from './json-fault.ts'
import { type Problem, problem } from './problem.ts'

/** Deeper JSON is refused before any other code walks it. */
const MAX_DEPTH = 16
/** A longer number has more digits than a double can keep. */
const MAX_NUMBER_LENGTH = 40
/** Larger and smaller numbers would take hundreds of digits in Postgres's jsonb, which has no exponents. */
const MAX_NUMBER = 1e30

/** Rejects malformed UTF-8 instead of replacing it; drops a byte order mark. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses untrusted JSON strictly: UTF-8, at most 16 levels deep, and only values that can be returned exactly as sent.
 * `JSON.parse` takes the last of duplicate members and the nearest double; Postgres refuses NUL and lone surrogates. RFC
 * 8259 §4 and §6 leave these cases to each parser, so two parsers may differ.
 *
 * @returns the value, undefined for an empty body; or the first fault, with its place as a JSON pointer
 */
export function parseStrictJson(bytes: Uint8Array): Result<unknown, Problem> {
  if (bytes.length === 0) return yes(undefined)
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
  } catch {
    return no(problem('invalid_request', 'The body is not UTF-8, as JSON has to be (RFC 8259 §8.1).'))
  }
  try {
    value = JSON.parse(text)
  } catch {
    return no(problem('invalid_request', `The body cannot be read as JSON: ${whereItEnds(text)}.`))
  }
  const walk = new Walk(text)
  const message = walk.value(0)
  return message === null ? yes(value) : no(faultAt(walk.path, message))
}

/** Names lines as editors do. Nothing of the body is repeated: it may be a secret. */
function whereItEnds(text: string): string {
  const at = indexOfFault(text)
  if (at >= text.length) return 'it ends too early'
  const lines = text.slice(0, at).split('\n')
  return `it has a fault at line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`
}

function faultAt(path: readonly (string | number)[], message: string): Problem {
  const pointer = path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
  const at = pointer.join('').slice(0, 200).toWellFormed().replaceAll('\0', '\ufffd') || '/'
  return problem('invalid_request', `${at} ${message}`, { faults: [{ at, message }] })
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const BLANK = 0x20

/** One pass over a text that `JSON.parse` has accepted, for faults that the value no longer shows. */
class Walk {
  readonly #text: string
  #at = 0
  /** Path to the current value; after a fault, to the fault. */
  readonly path: (string | number)[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** Checks the value that starts here. @returns its fault; or null, with the position at its end */
  value(depth: number): string | null {
    switch (this.#next()) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#list(depth)
      case '"':
        return whyNotText(this.#string())
      default:
        return whyNotNumber(this.#word())
    }
  }

  #object(depth: number): string | null {
    if (depth === MAX_DEPTH) return TOO_DEEP
    this.#at += 1
    if (this.#ends('}')) return null
    const names = new Set<string>()
    for (;;) {
      this.#next()
      const name = this.#string()
      this.path.push(name)
      const fault = whyNotName(name, names, this.path.at(-2))
      if (fault !== null) return fault
      names.add(name)
      this.#next()
      this.#at += 1
      const inside = this.value(depth + 1)
      if (inside !== null) return inside
      this.path.pop()
      if (this.#ends('}')) return null
      this.#at += 1
    }
  }

  #list(depth: number): string | null {
    if (depth === MAX_DEPTH) return TOO_DEEP
    this.#at += 1
    if (this.#ends(']')) return null
    for (let item = 0; ; item++) {
      this.path.push(item)
      const inside = this.value(depth + 1)
      if (inside !== null) return inside
      this.path.pop()
      if (this.#ends(']')) return null
      this.#at += 1
    }
  }

  /** Skips whitespace. @returns the character after it */
  #next(): string {
    while (this.#text.charCodeAt(this.#at) <= BLANK) this.#at += 1
    return this.#text.charAt(this.#at)
  }

  #ends(bracket: string): boolean {
    if (this.#next() !== bracket) return false
    this.#at += 1
    return true
  }

  #string(): string {
    const start = this.#at
    let isEscaped = false
    let at = start + 1
    for (let code = this.#text.charCodeAt(at); code !== QUOTE; code = this.#text.charCodeAt(at)) {
      if (code === BACKSLASH) isEscaped = true
      at += code === BACKSLASH ? 2 : 1
    }
    this.#at = at + 1
    return isEscaped ? JSON.parse(this.#text.slice(start, this.#at)) : this.#text.slice(start + 1, at)
  }

  /** A number, or `true`, `false`, `null`. */
  #word(): string {
    WORD.lastIndex = this.#at
    const [word = ''] = WORD.exec(this.#text) ?? []
    this.#at += word.length
    return word
  }
}

const WORD = /[\w.+-]+/y

const TOO_DEEP = `is nested deeper than ${MAX_DEPTH} levels`

function whyNotText(text: string): string | null {
  return text.isWellFormed() && !text.includes('\0') ? null : 'holds a NUL character or half a surrogate pair'
}

function whyNotName(name: string, before: ReadonlySet<string>, above: string | number | undefined) {
  if (before.has(name)) return 'is there more than once in its object'
  // Prototype pollution: copied carelessly, such a member changes what an object inherits.
  if (name === '__proto__' || (name === 'prototype' && above === 'constructor')) return 'is a reserved name'
  return whyNotText(name)
}

function whyNotNumber(word: string): string | null {
  // Up to 15 digits are exact.
  if (/^(?:[1-9]\d{0,14}|-[1-9]\d{0,14}|0|true|false|null)$/.test(word)) return null
  const value = Number(word.slice(0, MAX_NUMBER_LENGTH))
  const size = Math.abs(value)
  const isKept =
    word.length <= MAX_NUMBER_LENGTH &&
    (size === 0 || (size <= MAX_NUMBER && size >= 1 / MAX_NUMBER)) &&
    decimal(word) === decimal(String(value))
  return isKept ? null : 'is a number that cannot be kept exactly; send it as text, in quotes'
}

/** Normal form of a number, digits and exponent: the same for `1.50e3` and `1500`. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  const power = Number(exponent) - fraction.length + digits.length - significant.length
  return significant === '' ? `${sign}0` : `${sign}${significant}e${power}`
}
