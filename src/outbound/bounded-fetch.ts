import type { Clock } from '../base/clock.ts'
import { networksOf } from '../base/network.ts'
import { no, type Result } from '../base/result.ts'
import { settleWithin } from '../base/settle-within.ts'
import type { FetchDocument, Fetched, FetchFault } from './guarded-fetch.ts'
import { FETCH_TIMEOUT_MS } from './guarded-request.ts'

/** Reason why a document was not requested: too many fetches at once, or its host has just failed. */
export type NotFetched = 'too_many' | 'host_failing'
export type BoundedFault = FetchFault | NotFetched

/** The cause of a fetch, by which it is limited. */
export interface FetchReason {
  /** Address of the request that caused it; null where unknown. */
  readonly ip: string | null
  /** True for the document of a client with active grants; see `isRelied`. */
  readonly isRelied: boolean
}

export type BoundedFetch = (url: string, reason: FetchReason) => Promise<Result<Fetched, BoundedFault>>

/** Fetches at once. Strangers get a part of the slots; the rest is reserved for clients that are relied on. */
const MOST = { all: 24, strangers: 8 }
/** Limits of one host and of one network. */
const MOST_OF_A_HOST = { strangers: 2, relied: 6 }
const MOST_OF_A_NETWORK = { strangers: 4, relied: 8 }
/** A slot is released after this time, whatever the fetch does. */
const SLOT_MS = FETCH_TIMEOUT_MS + 1_000
/** Exponential backoff per unreachable host: the pause starts here, doubles each time, and has a maximum. */
const FIRST_PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 300_000
const MAX_FAILING = 1_000
/** Faults of the host, independent of the document. */
const OF_THE_HOST: ReadonlySet<FetchFault> = new Set(['not_resolved', 'not_reached', 'too_slow'])

interface Slot {
  readonly isRelied: boolean
  readonly host: string
  readonly networks: readonly string[]
}

interface Failing {
  readonly times: number
  readonly untilMs: number
}

/**
 * Bounds all outbound fetches together, so that no request that names a URL can starve the others. Fetches for strangers
 * and for relied-on clients are counted apart, and so are failing hosts: a stranger who names a slow path of a host does
 * not delay that host's own client.
 */
export class FetchBounds {
  readonly #fetch: FetchDocument
  readonly #clock: Pick<Clock, 'steadyMs'>
  readonly #slotMs: number
  readonly #slots = new Set<Slot>()
  readonly #failing = new Map<string, Failing>()

  constructor(fetch: FetchDocument, clock: Pick<Clock, 'steadyMs'>, slotMs = SLOT_MS) {
    this.#fetch = fetch
    this.#clock = clock
    this.#slotMs = slotMs
  }

  get taken(): number {
    return this.#slots.size
  }

  readonly fetch: BoundedFetch = async (url, { ip, isRelied }) => {
    const host = URL.parse(url)?.host ?? ''
    const name = `${isRelied ? 'relied' : 'strangers'} ${host}`
    if ((this.#failing.get(name)?.untilMs ?? Number.NEGATIVE_INFINITY) > this.#clock.steadyMs())
      return no('host_failing')
    const slot: Slot = { isRelied, host, networks: ip === null ? [] : networksOf(ip) }
    if (!this.#hasRoomFor(slot)) return no('too_many')
    this.#slots.add(slot)
    try {
      const late: Result<Fetched, FetchFault> = no('too_slow')
      const fetched = await settleWithin(this.#slotMs, late, () => this.#fetch(url))
      if (!fetched.ok && OF_THE_HOST.has(fetched.no)) this.#pause(name)
      else this.#failing.delete(name)
      return fetched
    } finally {
      this.#slots.delete(slot)
    }
  }

  #hasRoomFor({ isRelied, host, networks }: Slot): boolean {
    if (this.#slots.size >= MOST.all) return false
    const kind = isRelied ? 'relied' : 'strangers'
    const alike = [...this.#slots].filter((slot) => slot.isRelied === isRelied)
    if (!isRelied && alike.length >= MOST.strangers) return false
    if (alike.filter((slot) => slot.host === host).length >= MOST_OF_A_HOST[kind]) return false
    return networks.every(
      (network) => alike.filter((slot) => slot.networks.includes(network)).length < MOST_OF_A_NETWORK[kind],
    )
  }

  #pause(name: string): void {
    const nowMs = this.#clock.steadyMs()
    const before = this.#failing.get(name)
    const isInARow = before !== undefined && before.untilMs + LONGEST_PAUSE_MS > nowMs
    const times = isInARow ? before.times + 1 : 1
    this.#failing.delete(name)
    const [oldest] = this.#failing.size < MAX_FAILING ? [] : this.#failing.keys()
    if (oldest !== undefined) this.#failing.delete(oldest)
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1))
    this.#failing.set(name, { times, untilMs: nowMs + pauseMs })
  }
}
