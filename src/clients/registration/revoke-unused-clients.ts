import { recordEvents } from '../../audit/audit-event.store.ts'
import type { Origin } from '../../audit/audit-event.ts'
import { addSeconds } from '../../base/clock.ts'
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
  const origin: Origin = { actor: { kind: 'system', id: null }, ip: null, requestId: null, now }
  await db.transaction().execute(async (tx) => {
    const ids = await revokeUnusedClientRows(tx, addSeconds(now, -UNUSED_SECONDS), { now, reason: REASON })
    if (ids.length === 0) return
    await recordEvents(
      tx,
      origin,
      ids.map((id) => ({
        ...({ action: 'client.revoked', result: 'done', ownerId: null, targetId: id } as const),
        detail: { reason: REASON },
      })),
    )
  })
}
