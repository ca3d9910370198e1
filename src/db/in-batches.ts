import { setTimeout as sleep } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { Db, Schema } from './schema.ts'

/** A statement on this many rows takes some 20 ms; on PGlite nothing else runs meanwhile. */
export const ROWS_AT_ONCE = 1_000
/** Pause after each statement, as long as the statement took: a backlog is at most half of the load. */
const LONGEST_PAUSE_MS = 250

/**
 * Housekeeping in batches: statements of bounded size, each in its own transaction, until one takes fewer rows. A single
 * statement would exceed the statement timeout on a large backlog, and never succeed.
 *
 * @param take one statement; returns how many rows it took
 */
export async function inBatches(take: () => Promise<number>, rowsAtOnce = ROWS_AT_ONCE): Promise<void> {
  for (;;) {
    const startedAt = performance.now()
    if ((await take()) < rowsAtOnce) return
    await sleep(Math.min(performance.now() - startedAt, LONGEST_PAUSE_MS))
  }
}

/** Deletes rows whose column is before a moment, oldest first. The column needs an index. */
export async function forgetBefore<T extends keyof Schema & string>(
  db: Db,
  table: T,
  column: keyof Schema[T] & string,
  before: Date,
  rowsAtOnce = ROWS_AT_ONCE,
): Promise<void> {
  const from = sql.table(table)
  const at = sql.ref(column)
  const old = sql`select ctid from ${from} where ${at} < ${before} order by ${at} limit ${rowsAtOnce}`
  await inBatches(
    () => affected(db, sql`delete from ${from} where ctid = any(array(${old} for update skip locked))`),
    rowsAtOnce,
  )
}

/** Runs a statement. @returns how many rows it changed */
export async function affected(db: Db, statement: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows } = await statement.execute(db)
  return Number(numAffectedRows ?? 0)
}
