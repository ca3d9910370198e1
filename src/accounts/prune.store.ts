import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db } from '../db/schema.ts'

/** What is over is kept for a day, so that a late visitor hears why. */
const KEPT_SECONDS = 24 * 3600

/** Removes challenges, sessions and links that are over, a bounded number at a time. */
export async function pruneAccounts(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -KEPT_SECONDS)
  for (const table of ['login_challenges', 'sessions', 'password_links'] as const)
    await forgetBefore(db, table, 'expires_at', before)
}
