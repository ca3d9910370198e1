import { setTimeout as sleep } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { Db, Schema } from './schema.ts'

/** A statement of so many rows takes some 20 ms; on PGlite nothing else happens in that time. */
export const ROWS_AT_ONCE = 1_000
/** After each statement others have their turn, for as long as it took: a backlog is half of the load at most. */
const LONGEST_PAUSE_MS = 250

/**
 * Housekeeping of any size: statement by statement, each of so many rows at most and in a transaction of its own, until
 * one takes fewer. A single statement would take longer than is allowed once its backlog is large, and never succeed.
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

/** Removes rows whose moment is before another, oldest first: the column has an index. */
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
