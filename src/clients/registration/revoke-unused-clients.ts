import { systemOrigin } from '../../audit/audit-event.ts'
import { addSeconds } from '../../base/clock.ts'
import { recordForAll } from '../../changes/record.ts'
import type { Db } from '../../db/schema.ts'
import { revokeUnusedClientRows } from './unregistered-client.store.ts'

/** Time after the last grant ended: a user who returns within it finds the app as it was. */
const UNUSED_SECONDS = 30 * 86_400
const REASON = 'all grants to it have ended'

/**
 * Revokes self-registered clients whose grants have all ended, so that they do not count towards the maximum. They
 * and their grants stay for the record. They have no active tokens, so verifiers need no notice.
 */
export async function revokeUnusedClients(db: Db, now: Date): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const ids = await revokeUnusedClientRows(tx, addSeconds(now, -UNUSED_SECONDS), { now, reason: REASON })
    const events = ids.map((id) => ({ target: { id, ownerId: null }, detail: { reason: REASON } }))
    await recordForAll(tx, systemOrigin(now), { action: 'client.expired', events })
  })
}
