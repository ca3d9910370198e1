/** The state of a job over all servers. */
export interface JobState {
  readonly name: string
  readonly everySeconds: number
  readonly nextRunAt: Date
  /** The server that does it now: its host and process; null where none does. */
  readonly runner: string | null
  /** Start of the last run. */
  readonly startedAt: Date | null
  readonly succeededAt: Date | null
  readonly failedAt: Date | null
  /** Duration of the last run that ended. */
  readonly tookMs: number | null
  /** Failures since it last succeeded. */
  readonly failures: number
  /** The last failure; null since it succeeded. */
  readonly error: string | null
}

/** A server that holds a job for longer renews its lease; another takes the job over when the lease is over. */
export const LEASE_SECONDS = 60
export const MAX_ERROR_LENGTH = 300
const FIRST_RETRY_SECONDS = 30

/** Seconds from the end of a run to the next: by the schedule, or sooner after a failure, and later after each further one. */
export function secondsToNextRun(everySeconds: number, failures: number): number {
  return failures === 0
    ? everySeconds
    : Math.min(everySeconds, FIRST_RETRY_SECONDS * 2 ** Math.min(failures - 1, 30))
}
