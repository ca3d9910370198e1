import type { Clock } from '../base/clock.ts'
import { runPeriodically } from '../base/run-periodically.ts'
import type { Db } from '../db/schema.ts'
import { claimJob, type JobRun, renewLease, scheduleJobs, settleJob } from './job.store.ts'
import { LEASE_SECONDS } from './job.ts'

/**
 * Work that the servers do by themselves, again and again. A run may meet another of its own kind, since a lease ends
 * when its server is stopped for longer; so it must be right then too.
 */
export interface Job {
  /** The job's row: lower-case letters, digits and underscores. */
  readonly name: string
  readonly everySeconds: number
  /** A sentence about its work, for people. */
  readonly summary: string
  /** True where a run waits for other machines: it goes beside the others of its server, and none waits for it. */
  readonly isRemote?: boolean
  run(db: Db, now: Date): Promise<unknown>
}

export interface JobRunnerParts {
  readonly db: Db
  readonly clock: Clock
  readonly jobs: readonly Job[]
  /** Name of this server, as it shows where a job runs. */
  readonly name: string
  readonly onError: (error: unknown, job: string | null) => void
}

const LOOK_EVERY_MS = 5_000
const RENEW_EVERY_MS = (LEASE_SECONDS * 1_000) / 3

/**
 * Does the jobs that are due, one after the other, and remote ones beside them. Any number of servers may do so beside each other: each run is
 * claimed by one of them (`FOR UPDATE SKIP LOCKED`) and held by a lease.
 */
export class JobRunner {
  readonly #parts: JobRunnerParts
  /** Names of jobs that are done one after the other. */
  readonly #lanes: readonly (readonly string[])[]
  #timers: NodeJS.Timeout[] = []
  #isClosed = false

  constructor(parts: JobRunnerParts) {
    this.#parts = parts
    this.#lanes = [false, true]
      .map((isRemote) => parts.jobs.filter((job) => (job.isRemote ?? false) === isRemote))
      .filter((jobs) => jobs.length > 0)
      .map((jobs) => jobs.map(({ name }) => name))
  }

  /** Schedules the jobs, and looks for due ones every five seconds until `close`. */
  async start(): Promise<void> {
    const { db, clock, jobs, onError } = this.#parts
    await scheduleJobs(db, jobs, clock.now())
    this.#timers = this.#lanes.map((names) =>
      runPeriodically(
        LOOK_EVERY_MS,
        [() => this.#runLane(names)],
        (error) => this.#isClosed || onError(error, null),
      ),
    )
  }

  /** Runs all jobs that are due. One that fails stops no other. */
  async runDue(): Promise<void> {
    await Promise.all(this.#lanes.map((names) => this.#runLane(names)))
  }

  async #runLane(names: readonly string[]): Promise<void> {
    const { db, clock, name } = this.#parts
    while (!this.#isClosed) {
      const run = await claimJob(db, names, name, clock.now())
      if (run === null) return
      await this.#do(run)
    }
  }

  /** Starts no further run. What runs is given up with the database, and taken over when its lease is over. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
  }

  async #do(run: JobRun): Promise<void> {
    const { db, clock, jobs, onError } = this.#parts
    const startedAtMs = clock.steadyMs()
    const renewing = runPeriodically(RENEW_EVERY_MS, [() => renewLease(db, run, clock.now())], (error) =>
      onError(error, run.name),
    )
    let failure: string | null = null
    try {
      await jobs.find(({ name }) => name === run.name)?.run(db, clock.now())
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
      if (!this.#isClosed) onError(error, run.name)
    } finally {
      clearInterval(renewing)
    }
    if (!this.#isClosed)
      await settleJob(db, run, { now: clock.now(), tookMs: clock.steadyMs() - startedAtMs, error: failure })
  }
}
