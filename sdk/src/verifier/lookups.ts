import { hexOfDigest } from '../credential/digest.ts'
import { SourceUnavailableError } from '../source/source.ts'
import type { CredentialRecord } from '../verdict/record.ts'
import { MAX_STALENESS_MS } from './cache-limits.ts'
import { DigestMap } from './digest-map.ts'

/** Most hashes in one lookup: enough to share its cost, few enough that the next is asked while this is answered. */
const MAX_BATCH = 128
/** So many are looked up at once; fewer wait until {@link GAP_MS} after the last lookup. */
const WORTH_ASKING = 32
const GAP_MS = 2
/** Most hashes that may wait at once: a larger flood is refused instead of kept in memory. */
const MAX_WAITING = 10_000

/** Changes of owners and clients that one lookup remembers; after more, all of its answers are asked for again. */
const MAX_CHANGES = 100

/** A source of records, or of anything else by hash: one answer for each, in order. */
interface LookupSource<Found> {
  lookup(hashes: readonly string[]): Promise<readonly (Found | null | Error)[]>
}

interface Waiting<Found> extends PromiseWithResolvers<Found | null> {
  readonly digest: string
  readonly sinceMs: number
  askedAtMs: number
  /** It has changed since it was asked for: the answer under way must not be used. */
  isInvalidated: boolean
  isAsked: boolean
}

/**
 * Looks up hashes with single-flight and batching: callers that want the same hash share one lookup, and hashes missed at
 * about the same time are coalesced into one request. A flood of new hashes costs one request every 2 ms, or one for
 * every 32 of them.
 */
export class Lookups<Found = CredentialRecord> {
  readonly #source: LookupSource<Found>
  readonly #onAnswer: (digest: string, record: Found | null, askedAtMs: number) => void
  readonly #steadyMs: () => number
  readonly #joinForMs: number
  readonly #waiting = new DigestMap<Waiting<Found>>()
  /** Asked for so long ago that a later caller asked again; few, or none. */
  readonly #overtaken = new Set<Waiting<Found>>()
  /** The changes since each request under way. */
  readonly #changesSince = new Set<((found: Found) => boolean)[]>()
  #next: Waiting<Found>[] = []
  #lastAskedAtMs = Number.NEGATIVE_INFINITY
  #isSendingLater = false

  /**
   * @param steadyMs ms on a monotonic clock
   * @param onAnswer called with each answer that is current, and when it was asked for on that clock
   * @param joinForMs how old a lookup may be for a later caller to join it: the answer may be as old
   */
  constructor(
    source: LookupSource<Found>,
    steadyMs: () => number,
    onAnswer: (digest: string, record: Found | null, askedAtMs: number) => void,
    joinForMs = MAX_STALENESS_MS,
  ) {
    this.#source = source
    this.#steadyMs = steadyMs
    this.#onAnswer = onAnswer
    this.#joinForMs = joinForMs
  }

  /** The number of hashes that wait for an answer. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Rejects with a SourceUnavailableError, whatever failed in the source. */
  record(digest: string): Promise<Found | null> {
    const nowMs = this.#steadyMs()
    const waiting = this.#waiting.get(digest)
    if (waiting !== undefined && !(waiting.isAsked && nowMs - waiting.askedAtMs >= this.#joinForMs))
      return waiting.promise
    if (this.#waiting.size + this.#overtaken.size >= MAX_WAITING)
      return Promise.reject(new SourceUnavailableError('too many credentials are being looked up'))
    if (waiting !== undefined) this.#overtaken.add(waiting)
    const { promise, resolve, reject } = Promise.withResolvers<Found | null>()
    const asked: Waiting<Found> = {
      promise,
      resolve,
      reject,
      digest,
      sinceMs: nowMs,
      askedAtMs: nowMs,
      isInvalidated: false,
      isAsked: false,
    }
    this.#waiting.set(digest, asked)
    this.#enqueue(asked)
    return asked.promise
  }

  /** Notes that a credential has changed, or with null that all may have: answers under way are asked for again. */
  invalidate(digest: string | null): void {
    const changed = digest === null ? this.#waiting.values() : [this.#waiting.get(digest)]
    for (const waiting of changed) if (waiting?.isAsked) waiting.isInvalidated = true
    for (const waiting of this.#overtaken)
      if (digest === null || waiting.digest === digest) waiting.isInvalidated = true
  }

  /** Notes that records with a property have changed: an answer under way that has it is asked for again. */
  invalidateWhere(isChanged: (found: Found) => boolean): void {
    for (const changes of this.#changesSince)
      if (changes.length < MAX_CHANGES) changes.push(isChanged)
      else changes[0] = () => true
  }

  #enqueue(waiting: Waiting<Found>): void {
    this.#next.push(waiting)
    if (this.#next.length >= MAX_BATCH) this.#send()
    else if (!this.#isSendingLater) {
      this.#isSendingLater = true
      setImmediate(() => this.#sendOrWait())
    }
  }

  #sendOrWait(): void {
    const waitMs = this.#lastAskedAtMs + GAP_MS - this.#steadyMs()
    if (this.#next.length >= WORTH_ASKING || !(waitMs > 0)) this.#sendNow()
    // Timers cut fractions off, and would fire too early.
    else setTimeout(() => this.#sendNow(), Math.ceil(waitMs))
  }

  #sendNow(): void {
    this.#isSendingLater = false
    this.#send()
  }

  #send(): void {
    const batch = this.#next
    this.#next = []
    if (batch.length > 0) void this.#ask(batch)
  }

  async #ask(batch: readonly Waiting<Found>[]): Promise<void> {
    const askedAtMs = this.#steadyMs()
    this.#lastAskedAtMs = askedAtMs
    for (const waiting of batch) {
      waiting.isAsked = true
      waiting.askedAtMs = askedAtMs
    }
    const changes: ((found: Found) => boolean)[] = []
    this.#changesSince.add(changes)
    try {
      const records = await this.#source.lookup(batch.map(({ digest }) => hexOfDigest(digest)))
      if (records.length !== batch.length) throw new Error('the source did not answer each hash once')
      if (this.#steadyMs() - askedAtMs > MAX_STALENESS_MS)
        throw new Error('the answer came too late to be believed')
      batch.forEach((waiting, at) => {
        const found = records[at] ?? null
        if (found !== null && !(found instanceof Error) && changes.some((isChanged) => isChanged(found)))
          waiting.isInvalidated = true
        this.#settle(waiting, found)
      })
    } catch (error) {
      for (const waiting of batch) this.#settle(waiting, asUnavailable(error))
    } finally {
      this.#changesSince.delete(changes)
    }
  }

  #settle(waiting: Waiting<Found>, answer: Found | null | Error): void {
    const { digest, askedAtMs, sinceMs, isInvalidated } = waiting
    const wasOvertaken = this.#overtaken.size > 0 && this.#overtaken.delete(waiting)
    const latest = this.#waiting.get(digest)
    // Settled already, before its batch failed because of another hash.
    if (!wasOvertaken && latest !== waiting) return
    if (isInvalidated && wasOvertaken && latest !== undefined) {
      waiting.resolve(latest.promise)
      return
    }
    if (isInvalidated && !(answer instanceof Error) && askedAtMs - sinceMs < MAX_STALENESS_MS) {
      waiting.isInvalidated = false
      waiting.isAsked = false
      this.#waiting.set(digest, waiting)
      this.#enqueue(waiting)
      return
    }
    if (!wasOvertaken) this.#waiting.delete(digest)
    if (answer instanceof Error) waiting.reject(asUnavailable(answer))
    else if (isInvalidated)
      waiting.reject(new SourceUnavailableError('a credential changes faster than it can be looked up'))
    else {
      // An overtaken answer serves the callers that waited for it; the later one is kept.
      if (!wasOvertaken) this.#onAnswer(digest, answer, askedAtMs)
      waiting.resolve(answer)
    }
  }
}

function asUnavailable(error: unknown): SourceUnavailableError {
  if (error instanceof SourceUnavailableError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new SourceUnavailableError(`a credential cannot be looked up: ${reason}`, { cause: error })
}
