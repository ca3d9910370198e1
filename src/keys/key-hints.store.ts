import { sql } from 'kysely'
import { affected, inBatches, ROWS_AT_ONCE } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { dayOf } from './key.ts'

/** A key that has expired. */
export interface ExpiredKey {
  readonly id: string
  readonly ownerId: string
  readonly expiredAt: Date
}

/**
 * Marks keys that have expired, at most so many, and returns those that were not marked before. Rows that are locked are
 * left for the next time. Lists are correct without the mark, and then cost more.
 */
export async function lapseKeys(tx: Tx, now: Date, most: number): Promise<ExpiredKey[]> {
  const { rows } = await sql<ExpiredKey>`
    update keys set lapsed = true where id in (
      select id from keys where revoked_at is null and not lapsed and ends_at <= ${now}
      order by ends_at limit ${most} for update skip locked
    )
    returning id, owner_id as "ownerId", ends_at as "expiredAt"`.execute(tx)
  return rows
}

/**
 * Refreshes a column that the indexes of key lists use: the last day of use, where it is not known (keys of older
 * servers). Lists are correct without it, and then cost more.
 */
export async function refreshKeyHints(db: Db): Promise<void> {
  await inBatches(() =>
    affected(
      db,
      sql`
        update keys set seen_day = greatest(1, floor(extract(epoch from greatest(created_at, (
          select max(last_used_at) from secrets where holder_id = keys.id
        ))) / 86400))
        where id in (
          select id from keys where revoked_at is null and not lapsed and -seen_day = 0
          limit ${ROWS_AT_ONCE} for update skip locked
        )`,
    ),
  )
  // One statement for each index of keys by use.
  for (const part of [sql`revoked_at is null and not lapsed`, sql`(revoked_at is not null or lapsed)`])
    await inBatches(() =>
      affected(
        db,
        sql`
          update keys set used_day = coalesce((
            select floor(extract(epoch from max(last_used_at)) / 86400) from secrets where holder_id = keys.id
          ), 0)
          where id in (
            select id from keys where ${part} and used_day = -1
            limit ${ROWS_AT_ONCE} for update skip locked
          )`,
      ),
    )
}

/**
 * Stores that the keys of some secrets were used on this day, once a day for each. A key whose row is locked is left for
 * the next batch.
 */
export async function recordDayOfUse(db: Db, secretIds: readonly string[], now: Date): Promise<void> {
  if (secretIds.length === 0) return
  const today = dayOf(now)
  await sql`
    update keys set seen_day = ${today}, used_day = ${today} where id in (
      select id from keys
      where id in (select holder_id from secrets where id = any(${secretIds}::text[])) and used_day < ${today}
      order by id for update skip locked
    )`.execute(db)
}
