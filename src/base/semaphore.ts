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
  readonly timer: NodeJS.Timeout
}

/** Counting semaphore: runs so much work at once; further callers wait in order, bounded in number and in time. */
export class Semaphore {
  readonly #limits: SemaphoreLimits
  readonly #waiting = new Set<Waiting>()
  #running = 0

  constructor(limits: SemaphoreLimits) {
    this.#limits = limits
  }

  /** @throws SemaphoreTimeoutError */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.atOnce) await this.#wait()
    else this.#running++
    try {
      return await work()
    } finally {
      this.#release()
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.size >= this.#limits.waiting) throw new SemaphoreTimeoutError()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(mine)
        reject(new SemaphoreTimeoutError())
      }, this.#limits.waitMs)
      const mine: Waiting = { begin: resolve, timer }
      this.#waiting.add(mine)
    })
  }

  /** Hands the slot to the longest waiting caller. */
  #release(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#running--
      return
    }
    this.#waiting.delete(next)
    clearTimeout(next.timer)
    next.begin()
  }
}
