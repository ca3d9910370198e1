import { MAX_STALENESS_MS } from './cache.ts'
import type { CredentialRecord } from './record.ts'
import { type CredentialSource, SourceUnavailableError } from './source.ts'

/** Most hashes in one question. */
const MAX_BATCH = 200
/** Most hashes that may wait at once; beyond that a flood is turned away instead of kept in memory. */
const MAX_WAITING = 10_000

type Waiting = PromiseWithResolvers<CredentialRecord | null>

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

  /** @param onAnswer hears each answer that is still current, and when it was asked for in ms since the epoch */
  constructor(
    source: CredentialSource,
    now: () => number,
    onAnswer: (hash: string, record: CredentialRecord | null, askedAtMs: number) => void,
  ) {
    this.#source = source
    this.#now = now
    this.#onAnswer = onAnswer
  }

  /** Rejects with a SourceUnavailableError, whatever the source failed of. */
  record(hash: string): Promise<CredentialRecord | null> {
    const waiting = this.#waiting.get(hash)
    if (waiting !== undefined) return waiting.promise
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(new SourceUnavailableError('too many credentials are being looked up'))
    const asked: Waiting = Promise.withResolvers()
    this.#waiting.set(hash, asked)
    if (this.#next.push(hash) === 1) setImmediate(() => this.#send())
    if (this.#next.length >= MAX_BATCH) this.#send()
    return asked.promise
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
      if (records.length !== hashes.length) throw new Error('the source did not answer each hash once')
      if (this.#now() - askedAtMs > MAX_STALENESS_MS)
        throw new Error('the answer came too late to be believed')
      asked.forEach(([hash, waiting], at) => {
        const record = records[at] ?? null
        if (record instanceof Error) waiting?.reject(asUnavailable(record))
        else {
          if (this.#isCurrent(hash, waiting)) this.#onAnswer(hash, record, askedAtMs)
          waiting?.resolve(record)
        }
      })
    } catch (error) {
      for (const [, waiting] of asked) waiting?.reject(asUnavailable(error))
    } finally {
      for (const [hash, waiting] of asked) if (this.#isCurrent(hash, waiting)) this.#waiting.delete(hash)
    }
  }

  #isCurrent(hash: string, waiting: Waiting | undefined): boolean {
    return waiting !== undefined && this.#waiting.get(hash) === waiting
  }
}

function asUnavailable(error: unknown): SourceUnavailableError {
  if (error instanceof SourceUnavailableError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new SourceUnavailableError(`a credential cannot be looked up: ${reason}`, { cause: error })
}
