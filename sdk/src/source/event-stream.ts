/** One event of a stream (WHATWG HTML §9.2.6), without comments and retry, which our feed does not need. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: string
  /** Empty where the event has none. */
  readonly id: string
}

/** A stream with a longer event is not our feed. */
const MAX_EVENT = 4 * 1024 * 1024

/** Parses chunks of text into events. Lines end in LF, CR LF or CR, wherever the chunks are cut. */
export class EventReader {
  readonly #onEvent: (event: ServerSentEvent) => void
  #rest = ''
  #event = ''
  #id = ''
  #data: string[] = []
  #size = 0

  constructor(onEvent: (event: ServerSentEvent) => void) {
    this.#onEvent = onEvent
  }

  /** @throws RangeError where an event is far too long */
  push(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
    if (this.#rest.length + this.#size > MAX_EVENT) throw new RangeError('an event is too long')
  }

  #line(line: string): void {
    if (line === '') {
      if (this.#data.length > 0)
        this.#onEvent({ event: this.#event, data: this.#data.join('\n'), id: this.#id })
      this.#event = ''
      this.#id = ''
      this.#data = []
      this.#size = 0
      return
    }
    this.#size += line.length
    const [, field, value = ''] = /^([^:]*)(?::[ ]?(.*))?$/s.exec(line) ?? []
    if (field === 'event') this.#event = value
    if (field === 'id') this.#id = value
    if (field === 'data') this.#data.push(value)
  }
}
