import { limitsOfWire } from '@doorward/sdk/kernel'
import { type Selectable, sql, type Updateable } from 'kysely'
import { contains, type SortedPage, sorted } from '../db/keyset.ts'
import type { OwnRulesColumns } from '../db/policies-table.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { ownerOf, type Reach } from '../management/caller.ts'
import type { Owner, OwnerState } from './owner.ts'
import type { ChosenPolicy } from './policy.ts'
import { fromOwnRuleFields, toOwnRuleFields } from './policy-fields.ts'

/**
 * The owner, created if it is new; its row is locked until the transaction ends.
 *
 * Locks of owners conflict with one another, and not with checks of foreign keys (`for key share`). Postgres checks the
 * foreign key of a key's row again where a transaction updates the row twice, so a rotation would wait for the owner
 * while it holds the key: the other order than a new policy's, a deadlock.
 */
export async function touchOwner(tx: Tx, id: string, now: Date): Promise<Owner> {
  await tx
    .insertInto('owners')
    .values({ id, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return fromRow(
    await tx.selectFrom('owners').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirstOrThrow(),
  )
}

/** Locks the owner's row until the transaction ends; a missing owner is not created. */
export async function holdOwner(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('owners').select('id').where('id', '=', id).forNoKeyUpdate().execute()
}

export async function findOwner(db: Db, reach: Reach, id: string): Promise<Owner | undefined> {
  const row = await withinReach(db, reach).where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** Names of some owners, by their ids. */
export async function ownerNames(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('owners').select(['id', 'name']).where('id', 'in', ids).execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** The owner, if it is within reach; its row is locked until the transaction ends. */
export async function lockOwner(tx: Tx, reach: Reach, id: string): Promise<Owner | undefined> {
  const row = await withinReach(tx, reach).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

export interface OwnerFilter {
  /** In the name or the id. */
  readonly q?: string | undefined
  readonly state?: OwnerState | undefined
}

export async function listOwners(
  db: Db,
  reach: Reach,
  { q, state }: OwnerFilter,
  page: SortedPage,
): Promise<Owner[]> {
  let query = sorted(withinReach(db, reach), BY, page)
  if (q !== undefined) query = query.where(contains(sql`concat_ws(' ', owners.name, owners.id)`, q))
  if (state !== undefined) query = query.where('suspended_at', state === 'active' ? 'is' : 'is not', null)
  return (await query.execute()).map(fromRow)
}

const BY = {
  table: 'owners',
  moment: 'owners.created_at',
  id: 'owners.id',
  folded: sql<string>`lower(coalesce(owners.name, owners.id)) collate "C"`,
} as const

/**
 * Changes an owner's row. An admin key that is bound to the owner is suspended with it and changes nothing afterwards, so
 * a row that it wrote is suspended only by itself: its request is forgiven that (`adminKeyAtCommit`), and no other's.
 */
export async function setOwner(
  tx: Tx,
  reach: Reach,
  id: string,
  change: {
    name?: string | null
    notice_contacts?: string[]
    suspended_at?: Date | null
    suspended_reason?: string | null
    rate_limits?: string
    quota?: string | null
  } & Updateable<OwnRulesColumns>,
): Promise<void> {
  let query = tx.updateTable('owners').set(change).where('id', '=', id)
  const ownerId = ownerOf(reach)
  if (ownerId !== null) query = query.where('id', '=', ownerId).where('suspended_at', 'is', null)
  await query.execute()
}

/** Columns of the chosen rules. */
export function toOwnRuleColumns(chosen: ChosenPolicy): Updateable<OwnRulesColumns> {
  return Object.fromEntries(
    Object.entries(toOwnRuleFields(chosen)).map(([name, value]) => [
      name,
      Array.isArray(value) ? [...value] : value,
    ]),
  )
}

/** Tiers of notices by owner; only of owners that have their own. */
export async function ownNoticeTiers(db: Db): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await db
    .selectFrom('owners')
    .select(['id', 'notice_tiers'])
    .where('notice_tiers', 'is not', null)
    .execute()
  return new Map(rows.map((row) => [row.id, row.notice_tiers ?? []]))
}

/** Own limits of days without use, of those of some owners that have one. */
export async function ownUnusedDays(
  db: Db,
  ownerIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ownerIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('owners')
    .select(['id', 'disable_unused_after_days'])
    .where('disable_unused_after_days', 'is not', null)
    .where(sql<boolean>`id = any(${ownerIds}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.id, row.disable_unused_after_days ?? 0]))
}

/** Owners that have their own limit of days without use, after an id. */
export async function ownersWithOwnUnused(
  db: Db,
  after: string,
  most: number,
): Promise<{ readonly id: string; readonly days: number }[]> {
  const rows = await db
    .selectFrom('owners')
    .select(['id', 'disable_unused_after_days'])
    .where('disable_unused_after_days', 'is not', null)
    .where('id', '>', after)
    .orderBy('id')
    .limit(most)
    .execute()
  return rows.flatMap(({ id, disable_unused_after_days: days }) => (days === null ? [] : [{ id, days }]))
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
    noticeContacts: row.notice_contacts,
    suspendedAt: row.suspended_at,
    suspendedReason: row.suspended_reason,
    createdAt: row.created_at,
    limits: limitsOfWire(row),
    policy: fromOwnRuleFields(row),
    floors: { unrotatedNotBefore: row.unrotated_not_before, unlistedNotBefore: row.unlisted_not_before },
  }
}
