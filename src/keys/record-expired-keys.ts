import { systemOrigin } from '../audit/audit-event.ts'
import { recordForAll } from '../changes/record.ts'
import { inBatches } from '../db/in-batches.ts'
import type { Db } from '../db/schema.ts'
import { noticesOfEnds } from '../secrets/noticed.ts'
import { lapseKeys } from './key-hints.store.ts'

/** Events of one transaction: it holds the head of the audit log while it writes them. */
const AT_ONCE = 200

/** Writes `key.expired` once for each key that has expired. Verifiers need no announcement: they compare the moment. */
export async function recordExpiredKeys(db: Db, now: Date): Promise<void> {
  await inBatches(
    () =>
      db.transaction().execute(async (tx) => {
        const expired = await lapseKeys(tx, now, AT_ONCE)
        const ended = expired.map(({ id, expiredAt }) => ({ id, endedAt: expiredAt }))
        const noticed = await noticesOfEnds(tx, ended, 'expires')
        await recordForAll(tx, systemOrigin(now), {
          action: 'key.expired',
          events: expired
            .toSorted((a, b) => a.expiredAt.getTime() - b.expiredAt.getTime())
            .map(({ id, ownerId, expiredAt }) => ({
              target: { id, ownerId },
              detail: { expired_at: expiredAt.toISOString(), ...noticed.get(id) },
            })),
        })
        return expired.length
      }),
    AT_ONCE,
  )
}
