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
 * Does the jobs that are due, one after the other. Any number of servers may do so beside each other: each run is
 * claimed by one of them (`FOR UPDATE SKIP LOCKED`) and held by a lease.
 */
export class JobRunner {
  readonly #parts: JobRunnerParts
  readonly #names: readonly string[]
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(parts: JobRunnerParts) {
    this.#parts = parts
    this.#names = parts.jobs.map(({ name }) => name)
  }

  /** Schedules the jobs, and looks for due ones every five seconds until `close`. */
  async start(): Promise<void> {
    const { db, clock, jobs, onError } = this.#parts
    await scheduleJobs(db, jobs, clock.now())
    this.#timer = runPeriodically(
      LOOK_EVERY_MS,
      [() => this.runDue()],
      (error) => this.#isClosed || onError(error, null),
    )
  }

  /** Runs all jobs that are due. One that fails stops no other. */
  async runDue(): Promise<void> {
    const { db, clock, name } = this.#parts
    while (!this.#isClosed) {
      const run = await claimJob(db, this.#names, name, clock.now())
      if (run === null) return
      await this.#do(run)
    }
  }

  /** Starts no further run. What runs is given up with the database, and taken over when its lease is over. */
  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearInterval(this.#timer)
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
