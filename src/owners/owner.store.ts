import { limitsOfWire } from '@doorward/sdk/kernel'
import type { Selectable } from 'kysely'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { ownerOf, type Reach } from '../management/caller.ts'
import type { Owner } from './owner.ts'

/** The owner, created if it is new; its row is locked until the transaction ends. */
export async function touchOwner(tx: Tx, id: string, now: Date): Promise<Owner> {
  await tx
    .insertInto('owners')
    .values({ id, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return fromRow(
    await tx.selectFrom('owners').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow(),
  )
}

/** Locks the owner's row until the transaction ends; a missing owner is not created. */
export async function holdOwner(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('owners').select('id').where('id', '=', id).forUpdate().execute()
}

export async function findOwner(db: Db, reach: Reach, id: string): Promise<Owner | undefined> {
  const row = await withinReach(db, reach).where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** The owner, if it is within reach; its row is locked until the transaction ends. */
export async function lockOwner(tx: Tx, reach: Reach, id: string): Promise<Owner | undefined> {
  const row = await withinReach(tx, reach).where('id', '=', id).forUpdate().executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

export async function listOwners(db: Db, reach: Reach, page: PageRequest): Promise<Owner[]> {
  const query = newestFirst(withinReach(db, reach), ['created_at', 'id'], page)
  return (await query.execute()).map(fromRow)
}

export async function setOwner(
  tx: Tx,
  reach: Reach,
  id: string,
  change: {
    name?: string | null
    notice_email?: string | null
    suspended_at?: Date | null
    suspended_reason?: string | null
    rate_limits?: string
    quota?: string | null
    max_lifetime_seconds?: number | null
    max_keys?: number | null
  },
): Promise<void> {
  let query = tx.updateTable('owners').set(change).where('id', '=', id)
  const ownerId = ownerOf(reach)
  if (ownerId !== null) query = query.where('id', '=', ownerId)
  await query.execute()
}

function withinReach(db: Db, reach: Reach) {
  const query = db.selectFrom('owners').selectAll()
  const ownerId = ownerOf(reach)
  return ownerId === null ? query : query.where('id', '=', ownerId)
}

function fromRow(row: Selectable<Schema['owners']>): Owner {
  return {
    id: row.id,
    name: row.name,
    noticeEmail: row.notice_email,
    suspendedAt: row.suspended_at,
    suspendedReason: row.suspended_reason,
    createdAt: row.created_at,
    limits: limitsOfWire(row),
    policy: { maxLifetimeSeconds: row.max_lifetime_seconds, maxKeys: row.max_keys },
  }
}
