import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'
import type { DisablingRule } from '../owners/disabling.ts'
import { isUnusedByHint, type UnusedBy } from '../owners/disabling-effect.store.ts'
import { DATE_COLUMNS, IS_USED_AGAIN } from '../owners/key-dates.store.ts'

/** Keys whose date by a rule has come, those that waited longest first. */
export async function keysDueBy(db: Db, rule: DisablingRule, until: Date, limit: number): Promise<string[]> {
  const column = sql.raw(DATE_COLUMNS[rule])
  const { rows } = await sql<{ id: string }>`
    select id from keys
    where ${column} <= ${until}::timestamptz and ${column} is not null and revoked_at is null and disabled_at is null
    order by ${column}, id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Keys that have a date because they were unused, and have been used since. */
export async function keysUsedSinceDated(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from keys
    where disable_unused_at is not null and revoked_at is null and disabled_at is null and ${IS_USED_AGAIN}
    order by disable_unused_at, id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Keys that have been unused since a moment, and have no date for it yet. */
export async function keysUnusedSince(
  db: Db,
  of: UnusedBy,
  since: Date,
  now: Date,
  limit: number,
): Promise<string[]> {
  // A subquery for each row: with `not exists` the secrets of all keys would be read for a few.
  const { rows } = await sql<{ id: string }>`
    select id from keys
    where ${isUnusedByHint(of, since, now)} and keys.disable_unused_at is null
      and coalesce((select max(last_used_at) from secrets where holder_id = keys.id), '-infinity')
        <= ${since}::timestamptz
    order by -keys.seen_day, keys.created_at, keys.id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Disables some keys, whose rows are locked. */
export async function disableKeys(
  tx: Tx,
  ids: readonly string[],
  rule: DisablingRule,
  now: Date,
): Promise<void> {
  await sql`
    update keys set disabled_at = ${now}::timestamptz, disabled_by = ${rule}
    where id = any(${ids}::text[])`.execute(tx)
}

/** Gives some keys the date at which they are disabled for lack of use, or takes it away. Their rows are locked. */
export async function setUnusedDate(tx: Tx, ids: readonly string[], at: Date | null): Promise<void> {
  await sql`
    update keys set disable_unused_at = ${at}::timestamptz where id = any(${ids}::text[])`.execute(tx)
}
