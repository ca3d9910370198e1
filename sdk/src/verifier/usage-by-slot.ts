import { MAX_HELD, type UsageCounter } from '../source/usage.ts'
import { MINUTE_MS, type Outcome, sameScopes } from '../source/usage-batch.ts'
import type { Ask } from '../verdict/judge.ts'
import type { RecordCache } from './cache.ts'
import type { Slot } from './digest-table.ts'

/** A cache with a usage counter beside each credential. A mark is 0 at first, and again when the slot is used again. */
export interface CountedSlots extends Pick<RecordCache, 'credentialIdAt' | 'onEvict'> {
  readonly counters: Pick<RecordCache['counters'], 'markAt' | 'setMark' | 'count' | 'take' | 'lastAt'>
}

/** The properties that calls counted in slots share: a few kinds for each guard, whatever the number of credentials. */
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
/** An equal kind is looked for among the newest only. */
const RECENT_KINDS = 8

/**
 * Counts uses in the cache's own rows, which the lookup has just read: counts elsewhere would cost a warm verification a
 * tenth of its time, fetching them from memory. The sums move to the counter before it is taken from, and before a
 * credential leaves its slot.
 */
export class UsageBySlot {
  readonly #counter: UsageCounter
  readonly #cache: CountedSlots
  readonly #counters: CountedSlots['counters']
  /** A mark is a kind's number here, from 1. */
  readonly #kinds: CallKind[] = []
  /** Slots that were counted in since the counts were taken last; some twice. */
  readonly #counted: Slot[] = []

  constructor(counter: UsageCounter, cache: CountedSlots) {
    this.#counter = counter
    this.#cache = cache
    this.#counters = cache.counters
    cache.onEvict = { one: (slot) => this.#move(slot), all: () => this.#moveAll() }
    counter.beforeTaken(() => this.#moveAll())
  }

  note(
    slot: Slot,
    outcome: Outcome,
    { scopes, clientIp }: Ask,
    userAgent: string | null,
    nowMs: number,
  ): void {
    const minute = Math.floor(nowMs / MINUTE_MS)
    const mark = this.#counters.markAt(slot)
    const marked = mark === 0 ? undefined : this.#kinds[mark - 1]
    if (marked !== undefined && isLike(marked, outcome, scopes, minute)) {
      if (marked.ip === clientIp && marked.userAgent === userAgent) {
        this.#counters.count(slot, nowMs)
        return
      }
    } else if (mark !== 0) this.#move(slot)
    else if (!this.#begin(slot)) {
      this.#counter.drop()
      return
    }
    const next = this.#markOf({ outcome, scopes, minute, ip: clientIp, userAgent })
    if (next === 0) {
      const credentialId = this.#cache.credentialIdAt(slot)
      this.#counter.note(credentialId, outcome, scopes, clientIp, userAgent, nowMs)
    } else {
      this.#counters.setMark(slot, next)
      this.#counters.count(slot, nowMs)
    }
  }

  /** Moves the counts of a slot to the counter, where a call can be uncounted. */
  settle(slot: Slot): void {
    if (this.#counters.markAt(slot) !== 0) this.#move(slot)
  }

  /** @returns whether there is room for counts in one slot more */
  #begin(slot: Slot): boolean {
    return this.#counted.length < MAX_HELD && this.#counted.push(slot) > 0
  }

  /** The mark of a kind; 0 where there are too many. */
  #markOf(kind: CallKind): number {
    const { length } = this.#kinds
    for (let at = length - 1; at >= Math.max(0, length - RECENT_KINDS); at--) {
      const known = this.#kinds[at]
      if (known === undefined || !isLike(known, kind.outcome, kind.scopes, kind.minute)) continue
      if (known.ip === kind.ip && known.userAgent === kind.userAgent) return at + 1
    }
    return length < MAX_KINDS ? this.#kinds.push(kind) : 0
  }

  #move(slot: Slot): void {
    const kind = this.#kinds[this.#counters.markAt(slot) - 1]
    const calls = this.#counters.take(slot)
    if (kind === undefined || calls === 0) return
    const id = this.#cache.credentialIdAt(slot)
    const { outcome, scopes, ip, userAgent } = kind
    this.#counter.note(id, outcome, scopes, ip, userAgent, this.#counters.lastAt(slot), calls)
  }

  #moveAll(): void {
    for (const slot of this.#counted) {
      this.#move(slot)
      this.#counters.setMark(slot, 0)
    }
    this.#counted.length = 0
    this.#kinds.length = 0
  }
}

/** Tells if calls count in one line of usage; the address and user agent of the last one do not matter for that. */
function isLike(kind: CallKind, outcome: Outcome, scopes: readonly string[], minute: number): boolean {
  return kind.minute === minute && kind.outcome === outcome && sameScopes(kind.scopes, scopes)
}
