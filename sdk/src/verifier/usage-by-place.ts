import { MAX_HELD, MINUTE_MS, type Outcome, sameScopes, type UsageCounter } from '../source/usage.ts'
import type { Ask } from '../verdict/judge.ts'

/** Places with credentials, where counts can stand beside what is known of each. */
export interface CountingPlaces {
  credentialIdAt(place: number): string
  /** A small whole number of ours; 0 at first, and again when another credential is there. */
  markAt(place: number): number
  setMark(place: number, mark: number): void
  /** One call more, at a moment in ms since the epoch. */
  count(place: number, atMs: number): void
  /** The calls since they were taken last, and the moment of the last one. */
  takeCount(place: number): number
  countedAt(place: number): number
  /** Who is told before a credential leaves its place, and before all do. */
  leaving: { readonly one: (place: number) => void; readonly all: () => void } | null
}

/** What calls that are counted at places have in common: a few for each guard, whatever the number of credentials. */
interface CallKind {
  readonly outcome: Outcome
  readonly scopes: readonly string[]
  /** Minutes since the epoch. */
  readonly minute: number
  /** Of the last call. */
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Kinds of one round; calls of further ones are counted one by one. */
const MAX_KINDS = 10_000
/** The newest kinds are looked through for an equal one. */
const RECENT_KINDS = 8

/**
 * Counts right beside what is known of a credential, which was just looked at: a list of counts elsewhere would cost a
 * warm verification a tenth of its time, fetching it from memory. What has added up goes to the counter when that is
 * taken, and before a credential leaves its place.
 */
export class UsageByPlace {
  readonly #counter: UsageCounter
  readonly #places: CountingPlaces
  /** A mark is a kind's number here, from 1. */
  readonly #kinds: CallKind[] = []
  /** Places that were counted at since the counts were taken last; some twice. */
  readonly #counted: number[] = []

  constructor(counter: UsageCounter, places: CountingPlaces) {
    this.#counter = counter
    this.#places = places
    places.leaving = { one: (place) => this.#hand(place), all: () => this.#handAll() }
    counter.beforeTaken(() => this.#handAll())
  }

  note(
    place: number,
    outcome: Outcome,
    { scopes, clientIp }: Ask,
    userAgent: string | null,
    nowMs: number,
  ): void {
    const minute = Math.floor(nowMs / MINUTE_MS)
    const mark = this.#places.markAt(place)
    const marked = mark === 0 ? undefined : this.#kinds[mark - 1]
    if (marked !== undefined && isLike(marked, outcome, scopes, minute)) {
      if (marked.ip === clientIp && marked.userAgent === userAgent) {
        this.#places.count(place, nowMs)
        return
      }
    } else if (mark !== 0) this.#hand(place)
    else if (!this.#begin(place)) {
      this.#counter.drop()
      return
    }
    const next = this.#markOf({ outcome, scopes, minute, ip: clientIp, userAgent })
    if (next === 0) {
      const credentialId = this.#places.credentialIdAt(place)
      this.#counter.note(credentialId, outcome, scopes, clientIp, userAgent, nowMs)
    } else {
      this.#places.setMark(place, next)
      this.#places.count(place, nowMs)
    }
  }

  /** Has what was counted at a place in the counter, where a call can be taken back. */
  settle(place: number): void {
    if (this.#places.markAt(place) !== 0) this.#hand(place)
  }

  /** @returns whether there is room for counts at one place more */
  #begin(place: number): boolean {
    return this.#counted.length < MAX_HELD && this.#counted.push(place) > 0
  }

  /** 0 where there are too many. */
  #markOf(kind: CallKind): number {
    const { length } = this.#kinds
    for (let at = length - 1; at >= Math.max(0, length - RECENT_KINDS); at--) {
      const known = this.#kinds[at]
      if (known === undefined || !isLike(known, kind.outcome, kind.scopes, kind.minute)) continue
      if (known.ip === kind.ip && known.userAgent === kind.userAgent) return at + 1
    }
    return length < MAX_KINDS ? this.#kinds.push(kind) : 0
  }

  /** Hands what has added up at a place to the counter. */
  #hand(place: number): void {
    const kind = this.#kinds[this.#places.markAt(place) - 1]
    const calls = this.#places.takeCount(place)
    if (kind === undefined || calls === 0) return
    const id = this.#places.credentialIdAt(place)
    const { outcome, scopes, ip, userAgent } = kind
    this.#counter.note(id, outcome, scopes, ip, userAgent, this.#places.countedAt(place), calls)
  }

  #handAll(): void {
    for (const place of this.#counted) {
      this.#hand(place)
      this.#places.setMark(place, 0)
    }
    this.#counted.length = 0
    this.#kinds.length = 0
  }
}

/** Whether calls are of a kind, as far as one line of usage has it; where they came from last is another matter. */
function isLike(kind: CallKind, outcome: Outcome, scopes: readonly string[], minute: number): boolean {
  return kind.minute === minute && kind.outcome === outcome && sameScopes(kind.scopes, scopes)
}
