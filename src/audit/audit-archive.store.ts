import { sql } from 'kysely'
import { affected, inBatches, ROWS_AT_ONCE } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { Link } from './audit-event.ts'

/** The last archived event; 0 before the first archive. The chain in the database begins after it. */
export async function archivedTo(db: Db): Promise<Link> {
  return await db.selectFrom('audit_archived').select(['seq', 'hash']).executeTakeFirstOrThrow()
}

/**
 * Moves the beginning of the chain. A trigger allows it only after the event that records it.
 *
 * @returns false if the chain no longer begins where the archive does
 */
export async function moveArchivedTo(tx: Tx, from: Link, { seq, hash }: Link): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('audit_archived')
    .set({ seq, hash })
    .where('seq', '=', from.seq)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Finds the event that records an archive up to this link; it comes later in the chain. */
export async function isArchiveRecorded(db: Db, { seq, hash }: Link): Promise<boolean> {
  const found = await db
    .selectFrom('audit_events')
    .select('seq')
    .where('action', '=', 'audit.archived')
    .where('seq', '>', seq)
    .where(sql<string>`detail ->> 'hash'`, '=', Buffer.from(hash).toString('hex'))
    .executeTakeFirst()
  return found !== undefined
}

/** Removes archived events, in batches. @returns how many */
export async function removeArchived(db: Db, rowsAtOnce = ROWS_AT_ONCE): Promise<number> {
  let removed = 0
  const { seq } = await archivedTo(db)
  const next = sql`select seq from audit_events where seq <= ${seq} order by seq limit ${rowsAtOnce}`
  await inBatches(async () => {
    const taken = await affected(db, sql`delete from audit_events where seq = any(array(${next}))`)
    removed += taken
    return taken
  }, rowsAtOnce)
  return removed
}

/** The first event since a moment that is not archived. */
export async function firstEventSince(db: Db, at: Date): Promise<number | null> {
  const { seq } = await archivedTo(db)
  const query = db.selectFrom('audit_events').select('seq').where('seq', '>', seq).where('at', '>=', at)
  return (await query.orderBy('seq').limit(1).executeTakeFirst())?.seq ?? null
}
