import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'

/** What is over is kept for a day, so that a late visitor hears why. */
const KEPT_SECONDS = 24 * 3600
/** Rows that one statement takes away, so that none holds others up. */
const BATCH = 1_000
const MAX_BATCHES = 100

/** Removes challenges, sessions and links that are over, a bounded number at a time. */
export async function pruneAccounts(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -KEPT_SECONDS)
  for (const table of ['login_challenges', 'sessions', 'password_links'] as const)
    for (let n = 0; n < MAX_BATCHES; n++) {
      const { numAffectedRows } = await sql`
        delete from ${sql.table(table)} where hash = any(array(
          select hash from ${sql.table(table)} where expires_at < ${before} order by expires_at limit ${BATCH}
        ))`.execute(db)
      if ((numAffectedRows ?? 0n) < BATCH) break
    }
}
