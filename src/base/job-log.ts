import type { Clock } from './clock.ts'

export interface Job {
  readonly name: string
  readonly run: () => Promise<unknown>
}

/** When a job of this process last ended well, and last failed. */
export interface JobState {
  readonly name: string
  readonly succeededAt: Date | null
  readonly failedAt: Date | null
}

/** Notes when the jobs of this process ran: one that fails again and again shows. */
export class JobLog {
  readonly #states = new Map<string, JobState>()
  /** The jobs, each noted when it ran. */
  readonly steps: readonly (() => Promise<void>)[]

  constructor(clock: Pick<Clock, 'now'>, jobs: readonly Job[]) {
    this.steps = jobs.map(({ name, run }) => async () => {
      try {
        await run()
        this.#note(name, { succeededAt: clock.now() })
      } catch (error) {
        this.#note(name, { failedAt: clock.now() })
        throw error
      }
    })
    for (const { name } of jobs) this.#note(name, {})
  }

  get states(): readonly JobState[] {
    return [...this.#states.values()]
  }

  #note(name: string, change: Partial<JobState>): void {
    const before = this.#states.get(name) ?? { name, succeededAt: null, failedAt: null }
    this.#states.set(name, { ...before, ...change })
  }
}
