import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db } from '../db/schema.ts'

/** What is over is kept for a day, so that a late visitor hears why. */
const KEPT_SECONDS = 24 * 3600
/** Anybody can begin to sign in, and each beginning is a row: what is over says nothing later. */
const KEPT_CHALLENGE_SECONDS = 600

/** Removes challenges, sessions and links that are over, a bounded number at a time. */
export async function pruneAccounts(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'login_challenges', 'expires_at', addSeconds(now, -KEPT_CHALLENGE_SECONDS))
  for (const table of ['sessions', 'password_links'] as const)
    await forgetBefore(db, table, 'expires_at', addSeconds(now, -KEPT_SECONDS))
}
