import { MAX_STALENESS_MS } from './cache.ts'
import { hexOfDigest } from './credential.ts'
import type { CredentialRecord } from './record.ts'
import { SourceUnavailableError } from './source.ts'

/** Most hashes in one question. */
const MAX_BATCH = 200
/** So many are worth a question of their own at once; fewer wait until {@link GAP_MS} after the last question. */
const WORTH_ASKING = 32
const GAP_MS = 2
/** Most hashes that may wait at once; beyond that a flood is turned away instead of kept in memory. */
const MAX_WAITING = 10_000

/** Who is asked: what is known of each hash, in order. A source of records is one. */
interface Answering<Found> {
  lookup(hashes: readonly string[]): Promise<readonly (Found | null | Error)[]>
}

interface Waiting<Found> extends PromiseWithResolvers<Found | null> {
  readonly sinceMs: number
  /** Something has changed since it was asked: the answer under way is not to be used. */
  outdated: boolean
  isAsked: boolean
}

/**
 * Asks a source for as little as possible: one question per hash however many wait for it, and the hashes that are
 * missed at about the same time in one question. A flood of new ones costs one question each 2 ms, or one for every
 * 32 of them.
 */
export class Lookups<Found = CredentialRecord> {
  readonly #source: Answering<Found>
  readonly #onAnswer: (digest: string, record: Found | null, askedAtMs: number) => void
  readonly #steadyMs: () => number
  readonly #waiting = new Map<string, Waiting<Found>>()
  #next: string[] = []
  #lastAskedAtMs = Number.NEGATIVE_INFINITY
  #isSendingLater = false

  /**
   * @param steadyMs ms on a clock that only goes forward
   * @param onAnswer hears each answer that is current, and when it was asked for on that clock
   */
  constructor(
    source: Answering<Found>,
    steadyMs: () => number,
    onAnswer: (digest: string, record: Found | null, askedAtMs: number) => void,
  ) {
    this.#source = source
    this.#steadyMs = steadyMs
    this.#onAnswer = onAnswer
  }

  /** How many hashes wait for an answer. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Rejects with a SourceUnavailableError, whatever the source failed of. */
  record(digest: string): Promise<Found | null> {
    const waiting = this.#waiting.get(digest)
    if (waiting !== undefined) return waiting.promise
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(new SourceUnavailableError('too many credentials are being looked up'))
    const asked: Waiting<Found> = {
      ...Promise.withResolvers<Found | null>(),
      sinceMs: this.#steadyMs(),
      outdated: false,
      isAsked: false,
    }
    this.#waiting.set(digest, asked)
    this.#enqueue(digest)
    return asked.promise
  }

  /** A credential has changed, or with null all may have: what was asked before is asked again. */
  outdate(digest: string | null): void {
    const changed = digest === null ? this.#waiting.values() : [this.#waiting.get(digest)]
    for (const waiting of changed) if (waiting?.isAsked) waiting.outdated = true
  }

  #enqueue(digest: string): void {
    this.#next.push(digest)
    if (this.#next.length >= MAX_BATCH) this.#send()
    else if (!this.#isSendingLater) {
      this.#isSendingLater = true
      setImmediate(() => this.#sendOrWait())
    }
  }

  #sendOrWait(): void {
    const waitMs = this.#lastAskedAtMs + GAP_MS - this.#steadyMs()
    if (this.#next.length >= WORTH_ASKING || !(waitMs > 0)) this.#sendNow()
    // Timers cut fractions off, which would be too early.
    else setTimeout(() => this.#sendNow(), Math.ceil(waitMs))
  }

  #sendNow(): void {
    this.#isSendingLater = false
    this.#send()
  }

  #send(): void {
    const digests = this.#next
    this.#next = []
    if (digests.length > 0) void this.#ask(digests)
  }

  async #ask(digests: readonly string[]): Promise<void> {
    const askedAtMs = this.#steadyMs()
    this.#lastAskedAtMs = askedAtMs
    for (const digest of digests) {
      const waiting = this.#waiting.get(digest)
      if (waiting !== undefined) waiting.isAsked = true
    }
    try {
      const records = await this.#source.lookup(digests.map(hexOfDigest))
      if (records.length !== digests.length) throw new Error('the source did not answer each hash once')
      if (this.#steadyMs() - askedAtMs > MAX_STALENESS_MS)
        throw new Error('the answer came too late to be believed')
      digests.forEach((digest, at) => {
        this.#settle(digest, records[at] ?? null, askedAtMs)
      })
    } catch (error) {
      for (const digest of digests) this.#settle(digest, asUnavailable(error), askedAtMs)
    }
  }

  #settle(digest: string, answer: Found | null | Error, askedAtMs: number): void {
    const waiting = this.#waiting.get(digest)
    if (waiting === undefined) return
    if (waiting.outdated && !(answer instanceof Error) && askedAtMs - waiting.sinceMs < MAX_STALENESS_MS) {
      waiting.outdated = false
      waiting.isAsked = false
      this.#enqueue(digest)
      return
    }
    this.#waiting.delete(digest)
    if (answer instanceof Error) waiting.reject(asUnavailable(answer))
    else if (waiting.outdated)
      waiting.reject(new SourceUnavailableError('a credential changes faster than it can be looked up'))
    else {
      this.#onAnswer(digest, answer, askedAtMs)
      waiting.resolve(answer)
    }
  }
}

function asUnavailable(error: unknown): SourceUnavailableError {
  if (error instanceof SourceUnavailableError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new SourceUnavailableError(`a credential cannot be looked up: ${reason}`, { cause: error })
}
