/**
 * Finds where a text stops being JSON (RFC 8259 §2–§7), for the fault that a client is told: the messages of `JSON.parse`
 * repeat a part of the text, which may be a secret, and do not always have the place.
 *
 * @returns the index of the first character that cannot stand there; the text's length where it ends too early
 */
export function indexOfFault(text: string): number {
  const scan = new Scan(text)
  const open: ('{' | '[')[] = []
  let expects: Expected = 'value'
  for (;;) {
    const char = scan.next()
    const inside = open.at(-1)
    if (expects === 'colon') {
      if (char !== ':') return scan.at
      scan.at += 1
      expects = 'value'
    } else if (expects === 'comma' && char === ',' && inside !== undefined) {
      scan.at += 1
      expects = inside === '{' ? 'name' : 'value'
    } else if (inside !== undefined && char === CLOSES[inside] && expects !== 'value' && expects !== 'name') {
      scan.at += 1
      open.pop()
      expects = 'comma'
    } else if (expects === 'name' || expects === 'name or end') {
      if (!scan.passesText()) return scan.at
      expects = 'colon'
    } else if (expects === 'comma') return scan.at
    else if (char === '{' || char === '[') {
      scan.at += 1
      open.push(char)
      expects = char === '{' ? 'name or end' : 'value or end'
    } else {
      if (!scan.passesScalar()) return scan.at
      expects = 'comma'
    }
  }
}

type Expected = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'comma'

const CLOSES = { '{': '}', '[': ']' } as const
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y

class Scan {
  readonly #text: string
  at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Skips whitespace. */
  next(): string | undefined {
    while (' \t\n\r'.includes(this.#text[this.at] ?? 'x')) this.at += 1
    return this.#text[this.at]
  }

  /** Moves past a string, or to its fault. */
  passesText(): boolean {
    if (this.#text[this.at] !== '"') return false
    this.at += 1
    do this.#passes(PLAIN)
    while (this.#passes(ESCAPE))
    if (this.#text[this.at] !== '"') return false
    this.at += 1
    return true
  }

  passesScalar(): boolean {
    return this.#text[this.at] === '"' ? this.passesText() : this.#passes(SCALAR)
  }

  #passes(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.#text)
    this.at += found?.[0].length ?? 0
    return found !== null
  }
}
