import { networksOf } from '../base/network.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Visit } from '../pages/visit.ts'

/** Hashes at once: each takes 128 MB and half a second of one core. */
const AT_ONCE = 2
/** The last in a full queue waits some five seconds; further requests are refused with `Retry-After`. */
const MAX_WAITING = 20

/** The request that a password is hashed for. */
export interface HashRequest {
  /** Networks of the caller, the smallest first: requests of one queue behind each other, not before other networks. */
  readonly networks: readonly string[]
  /** True once the client has disconnected: the work is skipped. */
  readonly isGone: () => boolean
}

/** For callers of the management API. */
export const BY_MANAGEMENT: HashRequest = { networks: ['management'], isGone: () => false }

export function hashRequestOf({ ip, isGone }: Pick<Visit, 'ip' | 'isGone'>): HashRequest {
  return { networks: networksOf(ip), isGone }
}

interface Waiting {
  /** Its IPv6 /48, or its IPv4 address: the most that one customer has. */
  readonly site: string
  /** Its IPv6 /64 within the site, or the same address. */
  readonly network: string
  readonly isGone: () => boolean
  readonly go: (mayRun: boolean) => void
}

/**
 * Queue in front of password hashing: bounded, and fair (round robin) between sites, and between the networks of one
 * site. When it is full, a new request displaces one of the site with the most requests, or one of the largest network of
 * its own site. So the tries of one customer, with a hundred networks of IPv6 too, hold up no other.
 */
export class PasswordQueue {
  #running = 0
  #size = 0
  /** By site and then by network, both in round-robin order. */
  readonly #sites = new Map<string, Map<string, Waiting[]>>()

  get size(): number {
    return this.#size
  }

  /** Runs the work in its turn. Refuses where the queue is full or the client has disconnected. */
  async run<T>(request: HashRequest, work: () => Promise<T>): Promise<Result<T, 'too_busy'>> {
    if (this.#running < AT_ONCE) this.#running += 1
    else if (!(await this.#wait(request))) return no('too_busy')
    try {
      return yes(await work())
    } finally {
      this.#next()
    }
  }

  async #wait({ networks, isGone }: HashRequest): Promise<boolean> {
    const network = networks[0] ?? 'nowhere'
    const site = networks.at(-1) ?? network
    if (this.#size >= MAX_WAITING && !this.#makeRoom(site, network)) return false
    return await new Promise<boolean>((go) => this.#add({ site, network, isGone, go }))
  }

  #add(waiting: Waiting): void {
    const { site, network } = waiting
    const networks = this.#sites.get(site) ?? new Map<string, Waiting[]>()
    const queue = networks.get(network) ?? []
    queue.push(waiting)
    this.#sites.set(site, networks.set(network, queue))
    this.#size += 1
  }

  /** @returns false where no site, and no network of the same site, has more requests than the new one's would have */
  #makeRoom(site: string, network: string): boolean {
    const own = this.#sites.get(site)
    const largest = largestOf(this.#sites, sizeOf)
    const isUnfair = largest !== undefined && sizeOf(largest) > sizeOf(own) + 1
    const crowded = isUnfair ? largest : own
    const queue = crowded && largestOf(crowded, ({ length }) => length)
    if (queue === undefined) return false
    if (!isUnfair && queue.length <= (own?.get(network)?.length ?? 0) + 1) return false
    const displaced = queue.at(-1)
    if (displaced === undefined) return false
    this.#remove(displaced)
    displaced.go(false)
    return true
  }

  /** Gives the free slot to the first request of the next network of the next site. */
  #next(): void {
    for (const [site, networks] of this.#sites) {
      const [first] = networks.values().next().value ?? []
      if (first === undefined) continue
      this.#remove(first)
      moveToEnd(networks, first.network)
      moveToEnd(this.#sites, site)
      const isGone = first.isGone()
      first.go(!isGone)
      if (!isGone) return
    }
    this.#running -= 1
  }

  /** Removes a request, and with it what it leaves empty. */
  #remove(waiting: Waiting): void {
    const { site, network } = waiting
    const networks = this.#sites.get(site)
    const queue = networks?.get(network)
    if (networks === undefined || queue === undefined) return
    queue.splice(queue.indexOf(waiting), 1)
    this.#size -= 1
    if (queue.length === 0) networks.delete(network)
    if (networks.size === 0) this.#sites.delete(site)
  }
}

function sizeOf(networks: ReadonlyMap<string, readonly Waiting[]> | undefined): number {
  return networks === undefined ? 0 : [...networks.values()].reduce((sum, { length }) => sum + length, 0)
}

function largestOf<T>(groups: ReadonlyMap<string, T>, measure: (group: T) => number): T | undefined {
  const [largest] = [...groups.values()].sort((one, other) => measure(other) - measure(one))
  return largest
}

function moveToEnd<T>(groups: Map<string, T>, name: string): void {
  const group = groups.get(name)
  if (group === undefined) return
  groups.delete(name)
  groups.set(name, group)
}
