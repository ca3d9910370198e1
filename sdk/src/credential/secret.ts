/** `util.inspect.custom`, which is this symbol in every realm: without an import, so that browsers can load it too. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** A secret that cannot print itself: logs, JSON, templates and `console.log` all show `[secret]`. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** Returns the plain text. Every call is worth a look in a review: `grep -rn 'reveal()'`. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [INSPECT](): string {
    return '[secret]'
  }
}
