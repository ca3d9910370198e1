import type { Ask } from './judge.ts'
import type { Outcome, UsageCounter, UsageLine } from './usage.ts'

/** Places that keep a small whole number for us each: 0 at first. What stands there may be of an earlier round. */
export interface MarkedPlaces {
  markAt(place: number): number
  setMark(place: number, mark: number): void
}

/**
 * Counts for who has the credentials in numbered places: the mark of a place says into which line its credential was
 * counted last, so that the next count need not look for it.
 */
export class UsageByPlace {
  readonly #counter: UsageCounter
  readonly #places: MarkedPlaces
  /** Of this round; a mark is a line's number here, from 1. */
  readonly #lines: UsageLine[] = []
  #round = 0

  constructor(counter: UsageCounter, places: MarkedPlaces) {
    this.#counter = counter
    this.#places = places
  }

  /** @param place below 0: none, such as for a credential that was just looked up */
  note(
    place: number,
    credentialId: string | null,
    outcome: Outcome,
    { scopes, clientIp }: Ask,
    userAgent: string | null,
    nowMs: number,
  ): void {
    if (place < 0) {
      this.#counter.note(credentialId, outcome, scopes, clientIp, userAgent, nowMs)
      return
    }
    if (this.#round !== this.#counter.round) {
      this.#lines.length = 0
      this.#round = this.#counter.round
    }
    const mark = this.#places.markAt(place)
    const marked = mark === 0 ? undefined : this.#lines[mark - 1]
    // The mark may be of another round, or its line another credential's that stood here before.
    const last = marked !== undefined && marked.credentialId === credentialId ? marked : null
    const line = this.#counter.note(credentialId, outcome, scopes, clientIp, userAgent, nowMs, last)
    if (line === undefined || line === last) return
    if (last === null) this.#places.setMark(place, this.#lines.push(line))
    else this.#lines[mark - 1] = line
  }
}
