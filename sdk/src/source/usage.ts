import { randomUUID } from 'node:crypto'
import {
  type Exposure,
  MINUTE_MS,
  type Outcome,
  sameScopes,
  toItems,
  type UsageBatch,
  type UsageItem,
  type UsageLine,
} from './usage-batch.ts'

/** Scopes of lines held at once, some 10 MB. Where delivery fails for long, counts get coarser, then stop. */
export const MAX_HELD = 50_000
/** Lines of one credential; bounded, because the search is linear. */
const MAX_CHAIN = 1_000
/** About the number of items in a batch: the server writes them in some 20 ms. */
const BATCH_ITEMS = 1_000
const MAX_EXPOSED = 1_000
const NO_SCOPES: readonly string[] = []

/** Counts uses in memory: a verification never writes. A crash loses the counts that were not delivered yet. */
export class UsageCounter {
  /** The newest line of each credential. */
  #newest = new Map<string | null, UsageLine>()
  #held = 0
  /** Lines that are complete and not yet in a batch. */
  #closed: UsageLine[] = []
  #exposed = new Map<string, Exposure>()
  /** In the order of delivery. More than one only where a batch was {@link split}. */
  #undelivered: UsageBatch[] = []
  #dropped = 0
  #round = 0
  readonly #beforeTaken: (() => void)[] = []

  /** Verifications and exposures lost since the start: too many at once, or given up. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Counts one or more verifications of one kind.
   *
   * @param credentialId null for a well-formed credential that does not exist
   * @param scopes that the call required
   * @param lastMs the time of the last of them, in ms since the epoch
   */
  note(
    credentialId: string | null,
    outcome: Outcome,
    scopes: readonly string[],
    ip: string | null,
    userAgent: string | null,
    lastMs: number,
    calls = 1,
  ): void {
    const line = this.#lineFor(credentialId, outcome, scopes, Math.floor(lastMs / MINUTE_MS))
    if (line === undefined) {
      this.drop(calls)
      return
    }
    line.calls += calls
    const lastAfterMs = (lastMs - line.minute * MINUTE_MS) | 0
    if (lastAfterMs < line.lastAfterMs) return
    line.lastAfterMs = lastAfterMs
    line.lastIp = ip
    line.lastUserAgent = userAgent
  }

  /**
   * Removes one accepted call, which the caller will note again with its final outcome.
   *
   * @returns false where it is not here any more, because it was taken for delivery
   */
  uncount(credentialId: string, scopes: readonly string[]): boolean {
    let line = this.#newest.get(credentialId)
    while (
      line !== undefined &&
      (line.outcome !== 'accepted' || !sameScopes(line.scopes, scopes) || line.calls === 0)
    )
      line = line.next
    if (line === undefined) return false
    line.calls -= 1
    return true
  }

  /** Notes verifications that there is no room to count. */
  drop(calls = 1): void {
    this.#dropped += calls
  }

  /** Registers a function that adds counts kept elsewhere; called each time before counts are taken. */
  beforeTaken(addCounts: () => void): void {
    this.#beforeTaken.push(addCounts)
  }

  /** The number of times that lines were completed. */
  get round(): number {
    return this.#round
  }

  noteExposure(exposure: Exposure): void {
    if (this.#exposed.size < MAX_EXPOSED || this.#exposed.has(exposure.hash))
      this.#exposed.set(exposure.hash, exposure)
    else this.#dropped += 1
  }

  /** Returns the next batch: an undelivered one again, unchanged, else the counts since; null for none. */
  take(): UsageBatch | null {
    const [undelivered] = this.#undelivered
    if (undelivered !== undefined) return undelivered
    if (this.#closed.length === 0) this.#close()
    if (this.#closed.length === 0 && this.#exposed.size === 0) return null
    const items: UsageItem[] = []
    for (let line = this.#closed.pop(); line !== undefined; line = this.#closed.pop()) {
      items.push(...toItems(line))
      if (items.length >= BATCH_ITEMS) break
    }
    const batch = { id: randomUUID(), items, exposed: [...this.#exposed.values()] }
    this.#exposed = new Map()
    this.#undelivered.push(batch)
    return batch
  }

  /** A delivery is incomplete. Uses counted meanwhile are for the next one. */
  get isDelivering(): boolean {
    return this.#undelivered.length > 0 || this.#closed.length > 0
  }

  /** Drops a batch that arrived; without this, {@link take} returns it again. */
  delivered(batch: UsageBatch): void {
    this.#undelivered = this.#undelivered.filter((each) => each !== batch)
  }

  /**
   * Splits a batch that was refused as a whole in two, so that a faulty item does not cost the others.
   *
   * @returns false where it has one item only
   */
  split(batch: UsageBatch): boolean {
    const { items, exposed } = batch
    if (items.length + exposed.length < 2) return false
    const [item, exposure] = [Math.ceil(items.length / 2), Math.floor(exposed.length / 2)]
    const halves = [
      { id: randomUUID(), items: items.slice(0, item), exposed: exposed.slice(0, exposure) },
      { id: randomUUID(), items: items.slice(item), exposed: exposed.slice(exposure) },
    ]
    this.#undelivered = this.#undelivered.flatMap((each) => (each === batch ? halves : [each]))
    return true
  }

  /** Drops a batch that cannot be delivered any more. @returns the number of lost verifications and exposures */
  giveUp(batch: UsageBatch): number {
    this.delivered(batch)
    const lost = batch.items.reduce((sum, { calls }) => sum + calls, batch.exposed.length)
    this.#dropped += lost
    return lost
  }

  /**
   * Finds the line to count in, or adds one. Where there is no room, a line of an earlier minute is used: a count at a
   * wrong time is better than none.
   */
  #lineFor(
    credentialId: string | null,
    outcome: Outcome,
    asked: readonly string[],
    minute: number,
  ): UsageLine | undefined {
    const newest = this.#newest.get(credentialId)
    if (newest !== undefined && isFor(newest, outcome, asked, minute)) return newest
    const scopes = credentialId === null ? NO_SCOPES : asked
    let earlier: UsageLine | undefined
    let length = 0
    for (let line = newest; line !== undefined; line = line.next) {
      length += 1
      if (line.outcome !== outcome || !sameScopes(line.scopes, scopes)) continue
      if (line.minute === minute) return line
      earlier ??= line
    }
    const size = Math.max(1, scopes.length)
    if (this.#held + size > MAX_HELD || length >= MAX_CHAIN) return earlier
    this.#held += size
    const line: UsageLine = {
      credentialId,
      outcome,
      scopes,
      minute,
      next: newest,
      calls: 0,
      lastAfterMs: 0,
      lastIp: null,
      lastUserAgent: null,
    }
    this.#newest.set(credentialId, line)
    return line
  }

  #close(): void {
    for (const addCounts of this.#beforeTaken) addCounts()
    for (const newest of this.#newest.values())
      for (let line: UsageLine | undefined = newest; line !== undefined; line = line.next)
        if (line.calls > 0) this.#closed.push(line)
    this.#newest = new Map()
    this.#held = 0
    this.#round += 1
  }
}

/** Compares by identity first: true only where the scopes are the same array. */
function isFor(line: UsageLine, outcome: Outcome, scopes: readonly string[], minute: number): boolean {
  return line.scopes === scopes && line.outcome === outcome && line.minute === minute
}
