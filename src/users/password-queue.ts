import { no, type Result, yes } from '../base/result.ts'

/** Units of work at once: a hash takes 128 MB and half a second of one core. */
const AT_ONCE = 2
/** The last of so many waits some five seconds; who comes then is better told to come back. */
const MAX_WAITING = 20

/** For whom a password is hashed. */
export interface Turn {
  /** Those of one network wait for each other, and not the others for them. */
  readonly network: string
  /** Nobody waits for the answer any more, so the work need not be done. */
  readonly isGone: () => boolean
}

/** The turn of a caller of the management API. */
export const OPERATORS_TURN: Turn = { network: 'management', isGone: () => false }

interface Waiting extends Turn {
  readonly go: (mayGo: boolean) => void
}

/**
 * The queue in front of password hashes: bounded, and fair between networks (round robin). When it is full, a newcomer
 * takes the place of the network that has the most places, so that one network's hundred tries hold up nobody else.
 */
export class PasswordQueue {
  #running = 0
  #size = 0
  /** By network, in the order of their turns. */
  readonly #waiting = new Map<string, Waiting[]>()

  get size(): number {
    return this.#size
  }

  /** Does the work when its turn comes. "No" where too many wait, or its caller has gone. */
  async inTurn<T>(turn: Turn, work: () => Promise<T>): Promise<Result<T, 'too_busy'>> {
    if (this.#running < AT_ONCE) this.#running += 1
    else if (!(await this.#wait(turn))) return no('too_busy')
    try {
      return yes(await work())
    } finally {
      this.#next()
    }
  }

  async #wait(turn: Turn): Promise<boolean> {
    if (this.#size >= MAX_WAITING && !this.#makeRoom(turn.network)) return false
    return await new Promise<boolean>((go) => {
      const queue = this.#waiting.get(turn.network)
      if (queue === undefined) this.#waiting.set(turn.network, [{ ...turn, go }])
      else queue.push({ ...turn, go })
      this.#size += 1
    })
  }

  /** @returns false where no network has more places than the newcomer's would have */
  #makeRoom(network: string): boolean {
    const [largest] = [...this.#waiting.values()].sort((one, other) => other.length - one.length)
    if (largest === undefined || largest.length <= (this.#waiting.get(network)?.length ?? 0) + 1) return false
    largest.pop()?.go(false)
    this.#size -= 1
    return true
  }

  /** Gives the place that became free to the first of the network whose turn it is. */
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
