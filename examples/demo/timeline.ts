import type { ClockedServer } from './clocked-server.ts'

interface Step {
  readonly at: Date
  readonly run: () => Promise<void>
}

/** Timeline of the demo: actions in the order of their moments. */
export class Timeline {
  readonly #steps: Step[] = []

  /** Plans a step; those of one moment run in the order in which they were planned. */
  at(moment: Date, run: () => Promise<void>): void {
    this.#steps.push({ at: moment, run })
  }

  /** Runs everything up to `end`, with the clock turned to each moment. */
  async play(server: ClockedServer, end: Date, onProgress: (share: number) => void): Promise<void> {
    const steps = this.#steps.filter(({ at }) => at <= end).sort((a, b) => a.at.getTime() - b.at.getTime())
    for (const [done, { at, run }] of steps.entries()) {
      server.turnTo(at)
      await run()
      onProgress((done + 1) / steps.length)
    }
    server.turnTo(end)
  }
}
