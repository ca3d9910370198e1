import { hash } from 'node:crypto'
import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import type { ProvenAssertion } from './client.ts'

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

const BATCH = 1_000
const MAX_BATCHES = 1_000

/** A server whose clock is behind would still take what has expired by ours. */
const MARGIN_SECONDS = 600

/** Forgets assertions that have expired and could not be presented again, in short statements by index. */
export async function forgetOldAssertions(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -MARGIN_SECONDS)
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const { numAffectedRows } = await sql`
      delete from client_assertions where (client_id, jti_hash) in (
        select client_id, jti_hash from client_assertions where forget_at < ${before} order by forget_at limit ${BATCH}
      )`.execute(db)
    if (Number(numAffectedRows ?? 0) < BATCH) return
  }
}
