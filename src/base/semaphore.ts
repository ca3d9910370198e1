/** No slot came free in time, or too many callers wait already. */
export class SemaphoreTimeoutError extends Error {
  constructor() {
    super('too many wait for a slot')
    this.name = 'SemaphoreTimeoutError'
  }
}

export interface SemaphoreLimits {
  readonly atOnce: number
  readonly waiting: number
  readonly waitMs: number
}

interface Waiting {
  readonly begin: () => void
  readonly giveUp: () => void
}

/**
 * Counting semaphore: runs so much work at once; further callers wait, bounded in number and in time. It is fair between
 * groups of callers (round robin), and a group's own callers wait in order. When too many wait, a new caller displaces the
 * last one of the largest group, so that no group's callers hold up another group.
 */
export class Semaphore {
  readonly #limits: SemaphoreLimits
  /** By group, in round-robin order; no queue is empty. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  #size = 0
  #running = 0

  constructor(limits: SemaphoreLimits) {
    this.#limits = limits
  }

  /**
   * @param group those who wait behind each other, not before others
   * @throws SemaphoreTimeoutError
   */
  async run<T>(work: () => Promise<T>, group = ''): Promise<T> {
    if (this.#running >= this.#limits.atOnce) await this.#wait(group)
    else this.#running++
    try {
      return await work()
    } finally {
      this.#release()
    }
  }

  #wait(group: string): Promise<void> {
    if (this.#size >= this.#limits.waiting && !this.#makeRoom(group)) throw new SemaphoreTimeoutError()
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        this.#remove(group, mine)
      }
      const mine: Waiting = {
        begin: () => {
          leave()
          resolve()
        },
        giveUp: () => {
          leave()
          reject(new SemaphoreTimeoutError())
        },
      }
      const timer = setTimeout(mine.giveUp, this.#limits.waitMs)
      const queue = this.#waiting.get(group)
      if (queue === undefined) this.#waiting.set(group, new Set([mine]))
      else queue.add(mine)
      this.#size++
    })
  }

  #remove(group: string, waiting: Waiting): void {
    const queue = this.#waiting.get(group)
    if (queue?.delete(waiting) !== true) return
    if (queue.size === 0) this.#waiting.delete(group)
    this.#size--
  }

  /** @returns false where no group has more callers than the new one's would have */
  #makeRoom(group: string): boolean {
    const [largest] = [...this.#waiting.values()].sort((one, other) => other.size - one.size)
    if (largest === undefined || largest.size <= (this.#waiting.get(group)?.size ?? 0) + 1) return false
    ;[...largest].at(-1)?.giveUp()
    return true
  }

  /** Hands the slot to the longest waiting caller of the next group. */
  #release(): void {
    for (const [group, queue] of this.#waiting) {
      const [next] = queue
      this.#waiting.delete(group)
      this.#waiting.set(group, queue)
      next?.begin()
      return
    }
    this.#running--
  }
}
