import { sql } from 'kysely'
import type { Db } from '../src/db/schema.ts'
import { eventually } from './eventually.ts'

/**
 * Waits until this many sessions of the database wait for a lock.
 *
 * Not by `pg_locks`, which shows the sessions of every database of the server: files of tests share one. Not within a
 * transaction either: it keeps the list of sessions that it has read first.
 */
export async function waitForLocks(db: Db, count: number): Promise<void> {
  await eventually(async () => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
    return `${(rows[0]?.n ?? 0) >= count}`
  }, 'true')
}
