import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { type JobState, LEASE_SECONDS, MAX_ERROR_LENGTH, secondsToNextRun } from './job.ts'

/** A run that this server has claimed. Its number is a fence: a run that was taken over settles nothing. */
export interface JobRun {
  readonly name: string
  readonly number: number
}

/** Inserts the rows of new jobs, first due after one interval, and changes the interval of others. */
export async function scheduleJobs(
  db: Db,
  jobs: readonly Pick<JobState, 'name' | 'everySeconds'>[],
  now: Date,
): Promise<void> {
  for (const { name, everySeconds } of jobs)
    await db
      .insertInto('jobs')
      .values({ name, every_seconds: everySeconds, next_run_at: addSeconds(now, everySeconds) })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({ every_seconds: everySeconds })
          .where('jobs.every_seconds', '<>', everySeconds),
      )
      .execute()
}

/**
 * Claims the job that has been due for longest, of these. Servers that claim at the same time get different jobs.
 *
 * A moment further ahead than a schedule or a lease can be was written by a clock that was wrong: it counts as over.
 */
export async function claimJob(
  db: Db,
  names: readonly string[],
  runner: string,
  now: Date,
): Promise<JobRun | null> {
  const { rows } = await sql<JobRun>`
    update jobs
    set runs = runs + 1, runner = ${runner}, started_at = ${now}, lease_until = ${addSeconds(now, LEASE_SECONDS)}
    where name = (
      select name from jobs
      where name = any(${names}::text[])
        and (next_run_at <= ${now} or next_run_at > ${now}::timestamptz + every_seconds * interval '1 second')
        and (lease_until is null or lease_until <= ${now} or lease_until > ${addSeconds(now, LEASE_SECONDS)})
      order by next_run_at
      limit 1
      for update skip locked
    )
    returning name, runs as number`.execute(db)
  return rows[0] ?? null
}

/** @returns false if another server has taken the run over */
export async function renewLease(db: Db, { name, number }: JobRun, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set({ lease_until: addSeconds(now, LEASE_SECONDS) })
    .where('name', '=', name)
    .where('runs', '=', number)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Notes how a run ended and when the next is due, unless another server has taken it over. */
export async function settleJob(
  db: Db,
  { name, number }: JobRun,
  { now, tookMs, error }: { readonly now: Date; readonly tookMs: number; readonly error: string | null },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('jobs')
      .select(['every_seconds', 'failures'])
      .where('name', '=', name)
      .where('runs', '=', number)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) return
    const failures = error === null ? 0 : row.failures + 1
    await tx
      .updateTable('jobs')
      .set({
        ...{ runner: null, lease_until: null, took_ms: Math.round(tookMs), failures },
        error: error?.slice(0, MAX_ERROR_LENGTH) ?? null,
        next_run_at: addSeconds(now, secondsToNextRun(row.every_seconds, failures)),
        ...(error === null ? { succeeded_at: now } : { failed_at: now }),
      })
      .where('name', '=', name)
      .execute()
  })
}

/** The states of these jobs, in the order of their names. */
export async function jobStates(db: Db, names: readonly string[]): Promise<JobState[]> {
  if (names.length === 0) return []
  const rows = await db.selectFrom('jobs').selectAll().where('name', 'in', names).orderBy('name').execute()
  return rows.map((row) => ({
    name: row.name,
    everySeconds: row.every_seconds,
    nextRunAt: row.next_run_at,
    runner: row.runner,
    startedAt: row.started_at,
    succeededAt: row.succeeded_at,
    failedAt: row.failed_at,
    tookMs: row.took_ms,
    failures: row.failures,
    error: row.error,
  }))
}
