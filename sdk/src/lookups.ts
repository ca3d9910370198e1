import type { CredentialRecord } from './record.ts'
import type { CredentialSource } from './source.ts'

/** Most hashes in one question. */
const MAX_BATCH = 200

interface Waiting {
  readonly answer: Promise<CredentialRecord | null>
  readonly resolve: (record: CredentialRecord | null) => void
  readonly reject: (error: unknown) => void
}

/**
 * Asks a source for as little as possible: one question per hash however many wait for it, and the hashes that are
 * missed in the same turn of the event loop in one question.
 */
export class Lookups {
  readonly #source: CredentialSource
  readonly #onAnswer: (hash: string, record: CredentialRecord | null, askedAtMs: number) => void
  readonly #now: () => number
  readonly #waiting = new Map<string, Waiting>()
  #next: string[] = []

  constructor(
    source: CredentialSource,
    now: () => number,
    onAnswer: (hash: string, record: CredentialRecord | null, askedAtMs: number) => void,
  ) {
    this.#source = source
    this.#now = now
    this.#onAnswer = onAnswer
  }

  record(hash: string): Promise<CredentialRecord | null> {
    const waiting = this.#waiting.get(hash)
    if (waiting !== undefined) return waiting.answer
    const { promise: answer, resolve, reject } = Promise.withResolvers<CredentialRecord | null>()
    this.#waiting.set(hash, { answer, resolve, reject })
    if (this.#next.push(hash) === 1) setImmediate(() => this.#send())
    if (this.#next.length >= MAX_BATCH) this.#send()
    return answer
  }

  /** Who asks from now on gets a new answer; who waits already gets the one that is under way. */
  forget(): void {
    this.#send()
    this.#waiting.clear()
  }

  #send(): void {
    const hashes = this.#next
    this.#next = []
    if (hashes.length > 0) void this.#ask(hashes)
  }

  async #ask(hashes: readonly string[]): Promise<void> {
    const asked = hashes.map((hash) => [hash, this.#waiting.get(hash)] as const)
    const askedAtMs = this.#now()
    try {
      const records = await this.#source.lookup(hashes)
      if (records.length !== hashes.length) throw new Error('a source must answer each hash once')
      asked.forEach(([hash, waiting], at) => {
        const record = records[at] ?? null
        if (this.#isCurrent(hash, waiting)) this.#onAnswer(hash, record, askedAtMs)
        waiting?.resolve(record)
      })
    } catch (error) {
      for (const [, waiting] of asked) waiting?.reject(error)
    } finally {
      for (const [hash, waiting] of asked) if (this.#isCurrent(hash, waiting)) this.#waiting.delete(hash)
    }
  }

  #isCurrent(hash: string, waiting: Waiting | undefined): boolean {
    return waiting !== undefined && this.#waiting.get(hash) === waiting
  }
}
