import { sql } from 'kysely'
import { affected, inBatches, ROWS_AT_ONCE } from '../db/in-batches.ts'
import type { Db } from '../db/schema.ts'
import { dayOf } from './key.ts'

/**
 * Refreshes the columns that the indexes of key lists use: that a key has lapsed, and the last day of use, where it is not
 * known (keys of older servers). Lists are correct without them, and then cost more.
 */
export async function refreshKeyHints(db: Db, now: Date): Promise<void> {
  await inBatches(() =>
    affected(
      db,
      sql`
        update keys set lapsed = true where id in (
          select id from keys where revoked_at is null and not lapsed and ends_at <= ${now}
          order by ends_at limit ${ROWS_AT_ONCE} for update skip locked
        )`,
    ),
  )
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
