import { hash } from 'node:crypto'
import { addSeconds } from '../../base/clock.ts'
import { forgetBefore } from '../../db/in-batches.ts'
import type { Db } from '../../db/schema.ts'
import type { ProvenAssertion } from '../client.ts'

/**
 * Spends the `jti` of a client's assertion (replay protection). Stores only its hash: ids may contain personal data.
 * @returns false where it was spent before
 */
export async function spendAssertion(
  db: Db,
  clientId: string,
  { jti, forgetAt }: ProvenAssertion,
): Promise<boolean> {
  const done = await db
    .insertInto('client_assertions')
    .values({ client_id: clientId, jti_hash: hash('sha256', jti, 'buffer'), forget_at: forgetAt })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

/** Margin for another server whose clock is behind ours. */
const MARGIN_SECONDS = 600

/** Deletes expired assertions, in batches by index. */
export async function forgetOldAssertions(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -MARGIN_SECONDS)
  await forgetBefore(db, 'client_assertions', 'forget_at', before)
}
