import { hash } from 'node:crypto'
import { addSeconds } from '../../base/clock.ts'
import { forgetBefore } from '../../db/in-batches.ts'
import type { Db } from '../../db/schema.ts'
import type { ProvenAssertion } from '../client.ts'

/** Spends the id of a client's assertion; false where it was spent before. Only its hash is kept: ids may say things. */
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

/** A server whose clock is behind would still take what has expired by ours. */
const MARGIN_SECONDS = 600

/** Forgets assertions that have expired and could not be presented again, in short statements by index. */
export async function forgetOldAssertions(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -MARGIN_SECONDS)
  await forgetBefore(db, 'client_assertions', 'forget_at', before)
}
