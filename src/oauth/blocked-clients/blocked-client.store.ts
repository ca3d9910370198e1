import type { Selectable } from 'kysely'
import { newestFirst, type PageRequest } from '../../db/keyset.ts'
import type { Db, Schema, Tx } from '../../db/schema.ts'

/** A client that no user may allow anything for one owner. */
export interface BlockedClient {
  readonly ownerId: string
  readonly clientId: string
  readonly reason: string
  /** Id of the admin key. */
  readonly blockedBy: string
  /** The admin key was unbound; then none of the owner's own keys lifts the block. */
  readonly byProvider: boolean
  readonly blockedAt: Date
}

/** A blocked client with the name that people read. */
export interface NamedBlockedClient extends BlockedClient {
  readonly clientName: string
}

/**
 * Blocks a client, or turns the owner's own block into one of the API provider's.
 *
 * @returns false where it is blocked already with as much authority; then the first reason stays
 */
export async function insertBlocked(tx: Tx, blocked: BlockedClient): Promise<boolean> {
  const said = {
    reason: blocked.reason,
    blocked_by: blocked.blockedBy,
    blocked_by_provider: blocked.byProvider,
    blocked_at: blocked.blockedAt,
  }
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('blocked_clients')
    .values({ owner_id: blocked.ownerId, client_id: blocked.clientId, ...said })
    .onConflict((conflict) =>
      conflict
        .columns(['owner_id', 'client_id'])
        .doUpdateSet(said)
        .where('blocked_clients.blocked_by_provider', '=', false)
        .where('excluded.blocked_by_provider', '=', true),
    )
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** @returns false where it was not blocked */
export async function deleteBlocked(
  tx: Tx,
  { ownerId, clientId }: Pick<BlockedClient, 'ownerId' | 'clientId'>,
): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('blocked_clients')
    .where('owner_id', '=', ownerId)
    .where('client_id', '=', clientId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

export async function findBlocked(
  db: Db,
  { ownerId, clientId }: Pick<BlockedClient, 'ownerId' | 'clientId'>,
): Promise<NamedBlockedClient | undefined> {
  const row = await named(db, ownerId).where('blocked_clients.client_id', '=', clientId).executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** Newest block first. */
export async function listBlocked(db: Db, ownerId: string, page: PageRequest): Promise<NamedBlockedClient[]> {
  const columns = ['blocked_clients.blocked_at', 'blocked_clients.client_id'] as const
  const query = newestFirst(named(db, ownerId), columns, page)
  return (await query.execute()).map(fromRow)
}

/** Those of the owners that block the client. */
export async function ownersThatBlock(
  db: Db,
  clientId: string,
  ownerIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ownerIds.length === 0) return new Set()
  const rows = await db
    .selectFrom('blocked_clients')
    .select('owner_id')
    .where('client_id', '=', clientId)
    .where('owner_id', 'in', ownerIds)
    .execute()
  return new Set(rows.map(({ owner_id }) => owner_id))
}

function named(db: Db, ownerId: string) {
  return db
    .selectFrom('blocked_clients')
    .innerJoin('clients', 'clients.id', 'blocked_clients.client_id')
    .selectAll('blocked_clients')
    .select('clients.name as client_name')
    .where('blocked_clients.owner_id', '=', ownerId)
}

function fromRow(row: Selectable<Schema['blocked_clients']> & { client_name: string }): NamedBlockedClient {
  return {
    ownerId: row.owner_id,
    clientId: row.client_id,
    clientName: row.client_name,
    reason: row.reason,
    blockedBy: row.blocked_by,
    byProvider: row.blocked_by_provider,
    blockedAt: row.blocked_at,
  }
}
