/** Nobody's turn came in time; or so many wait that it would not. */
export class NoTurnError extends Error {
  constructor() {
    super('too many wait for a turn')
    this.name = 'NoTurnError'
  }
}

export interface TurnsLimits {
  readonly atOnce: number
  readonly waiting: number
  readonly waitMs: number
}

interface Waiting {
  readonly begin: () => void
  readonly timer: NodeJS.Timeout
}

/** Has so many pieces of work under way at once, and the others wait in order, bounded in number and in time. */
export class Turns {
  readonly #limits: TurnsLimits
  readonly #waiting = new Set<Waiting>()
  #running = 0

  constructor(limits: TurnsLimits) {
    this.#limits = limits
  }

  /** @throws NoTurnError */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.atOnce) await this.#turn()
    else this.#running++
    try {
      return await work()
    } finally {
      this.#pass()
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.size >= this.#limits.waiting) throw new NoTurnError()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(mine)
        reject(new NoTurnError())
      }, this.#limits.waitMs)
      const mine: Waiting = { begin: resolve, timer }
      this.#waiting.add(mine)
    })
  }

  /** To whom has waited longest; a turn that is passed on stays taken. */
  #pass(): void {
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
