import type { Ask } from './judge.ts'
import type { Outcome, UsageCounter, UsageLine } from './usage.ts'

/**
 * Counts for who has the credentials in numbered places: beside each place stands the line into which it was counted
 * last, so that the next count need not look for it.
 */
export class UsageByPlace {
  readonly #counter: UsageCounter
  readonly #lines: (UsageLine | undefined)[] = []
  #round = 0

  constructor(counter: UsageCounter) {
    this.#counter = counter
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
    if (this.#round !== this.#counter.round) {
      this.#lines.fill(undefined)
      this.#round = this.#counter.round
    }
    const known = place >= 0 && place < this.#lines.length ? this.#lines[place] : undefined
    // A place may have another credential by now.
    const last = known?.credentialId === credentialId ? known : undefined
    const line = this.#counter.note(credentialId, outcome, scopes, clientIp, userAgent, nowMs, last)
    if (place < 0 || line === known) return
    while (this.#lines.length <= place) this.#lines.push(undefined)
    this.#lines[place] = line
  }
}
