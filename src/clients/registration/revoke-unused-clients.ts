import { systemOrigin } from '../../audit/audit-event.ts'
import { addSeconds } from '../../base/clock.ts'
import { recordForAll } from '../../changes/record.ts'
import type { Db } from '../../db/schema.ts'
import { revokeUnusedClientRows } from './unregistered-client.store.ts'

/** So long after the last grant was over: who comes back within it finds the app as it was. */
const UNUSED_SECONDS = 30 * 86_400
const REASON = 'everything that was granted to it is over'

/**
 * Ends clients that registered themselves and that nobody uses any more, so that they take no place of the many there may
 * be. Grants are kept for the record, and so are they. Nothing lives that verifiers would have to hear of.
 */
export async function revokeUnusedClients(db: Db, now: Date): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const ids = await revokeUnusedClientRows(tx, addSeconds(now, -UNUSED_SECONDS), { now, reason: REASON })
    const events = ids.map((id) => ({ target: { id, ownerId: null }, detail: { reason: REASON } }))
    await recordForAll(tx, systemOrigin(now), { action: 'client.expired', events })
  })
}
