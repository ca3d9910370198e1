import { networkOf } from '../base/network.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Visit } from '../pages/visit.ts'

/** Hashes at once: each takes 128 MB and half a second of one core. */
const AT_ONCE = 2
/** The last in a full queue waits some five seconds; further requests are refused with `Retry-After`. */
const MAX_WAITING = 20

/** The request that a password is hashed for. */
export interface HashRequest {
  /** Requests of one network queue behind each other, not before other networks. */
  readonly network: string
  /** True once the client has disconnected: the work is skipped. */
  readonly isGone: () => boolean
}

/** For callers of the management API. */
export const BY_MANAGEMENT: HashRequest = { network: 'management', isGone: () => false }

export function hashRequestOf({ ip, isGone }: Pick<Visit, 'ip' | 'isGone'>): HashRequest {
  return { network: networkOf(ip), isGone }
}

interface Waiting extends HashRequest {
  readonly go: (mayRun: boolean) => void
}

/**
 * Queue in front of password hashing: bounded, and fair between networks (round robin). When it is full, a new request
 * displaces one of the network with the most requests, so that one network's hundred tries hold up no other.
 */
export class PasswordQueue {
  #running = 0
  #size = 0
  /** By network, in round-robin order. */
  readonly #waiting = new Map<string, Waiting[]>()

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

  async #wait(request: HashRequest): Promise<boolean> {
    if (this.#size >= MAX_WAITING && !this.#makeRoom(request.network)) return false
    return await new Promise<boolean>((go) => {
      const queue = this.#waiting.get(request.network)
      if (queue === undefined) this.#waiting.set(request.network, [{ ...request, go }])
      else queue.push({ ...request, go })
      this.#size += 1
    })
  }

  /** @returns false where no network has more requests than the new one's would have */
  #makeRoom(network: string): boolean {
    const [largest] = [...this.#waiting.values()].sort((one, other) => other.length - one.length)
    if (largest === undefined || largest.length <= (this.#waiting.get(network)?.length ?? 0) + 1) return false
    largest.pop()?.go(false)
    this.#size -= 1
    return true
  }

  /** Gives the free slot to the first request of the next network. */
  #next(): void {
    for (const [network, queue] of this.#waiting) {
      this.#waiting.delete(network)
      const first = queue.shift()
      this.#size -= 1
      if (queue.length > 0) this.#waiting.set(network, queue)
      const isGone = first?.isGone() !== false
      first?.go(!isGone)
      if (!isGone) return
    }
    this.#running -= 1
  }
}
