import { type RawBuilder, sql } from 'kysely'
import { addSeconds } from '../../base/clock.ts'
import type { Db, Tx } from '../../db/schema.ts'
import { deleteSecretsOf } from '../../secrets/secret.store.ts'
import type { Client, ClientSource } from '../client.ts'

/** Time until which a client's document is fresh; undefined where none was fetched. */
export async function documentFreshUntil(db: Db, clientId: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('client_documents')
    .select('fresh_until')
    .where('client_id', '=', clientId)
    .executeTakeFirst()
  return row?.fresh_until
}

export async function keepDocument(
  tx: Tx,
  clientId: string,
  fetchedAt: Date,
  freshUntil: Date,
): Promise<void> {
  const read = { fetched_at: fetchedAt, fresh_until: freshUntil }
  await tx
    .insertInto('client_documents')
    .values({ client_id: clientId, ...read })
    .onConflict((conflict) => conflict.column('client_id').doUpdateSet(read))
    .execute()
}

/**
 * True where a client is relied on: it is pre-registered, or a user has granted it something. Strangers can create
 * any number of others.
 */
export async function isReliedOn(db: Db, { id, source }: Pick<Client, 'id' | 'source'>): Promise<boolean> {
  if (source === 'registered') return true
  const row = await db
    .selectFrom('grants')
    .select('id')
    .where('client_id', '=', id)
    .where('revoked_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** True where a user has ever granted the client something. @param except a grant that does not count */
export async function hasGrant(db: Db, clientId: string, except: string | null): Promise<boolean> {
  const row = await db
    .selectFrom('grants')
    .select('id')
    .where('client_id', '=', clientId)
    .$if(except !== null, (query) => query.where('id', '!=', except))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Deleted at once, so that a flood of new clients does not search the table for each. */
const MADE_ROOM = 100

/**
 * Makes room for one more client of a kind. At the maximum, the oldest that were never used are deleted: strangers
 * who fill the table displace each other, not newcomers.
 *
 * @returns false where there is no room
 */
export async function hasRoom(
  db: Db,
  source: UnusedSource,
  most: number,
  madeRoom = MADE_ROOM,
): Promise<boolean> {
  if ((await countOfSource(db, source)) < most) return true
  return (await deleteUnused(db, sql`source = ${source}`, madeRoom)) > 0
}

type UnusedSource = Exclude<ClientSource, 'registered'>

/** Unrevoked clients of one origin. */
async function countOfSource(db: Db, source: ClientSource): Promise<number> {
  const { n } = await db
    .selectFrom('clients')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('source', '=', source)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(n)
}

const KEPT_UNUSED_SECONDS = 7 * 86_400

/** Deletes clients that are not pre-registered and that no user has ever granted anything, a week after their creation. */
export async function pruneUnusedClients(db: Db, now: Date): Promise<void> {
  await deleteUnused(db, sql`created_at < ${addSeconds(now, -KEPT_UNUSED_SECONDS)}`, 1_000)
}

/**
 * Deletes unused clients. One with a document stays if it was suspended or blocked or has a set ceiling: its document
 * would bring it back without these. An unanswered authorization request keeps none, because anyone can make one.
 *
 * @returns how many were deleted
 */
async function deleteUnused(db: Db, which: RawBuilder<unknown>, most: number): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ id: string }>`
      select id from clients
      where ${which} and (
          source = 'dynamic'
          or (
            source = 'metadata_document' and suspended_at is null and revoked_at is null
            and not ceiling_set_by_operator
            and not exists (select from blocked_clients where client_id = clients.id)
          )
        )
        and not exists (select from grants where client_id = clients.id)
      order by created_at limit ${most} for update skip locked`.execute(tx)
    const locked = rows.map(({ id }) => id)
    if (locked.length === 0) return 0
    const ids = await withoutGrant(tx, locked, sql`true`)
    if (ids.length === 0) return 0
    await tx.deleteFrom('authorization_requests').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('client_documents').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('redirect_uris').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('blocked_clients').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('client_refusals').where('client_id', 'in', ids).execute()
    await deleteSecretsOf(tx, ids)
    await tx.deleteFrom('clients').where('id', 'in', ids).execute()
    return ids.length
  })
}

/** Revokes self-registered clients whose every grant ended before. @returns their ids */
export async function revokeUnusedClientRows(
  tx: Tx,
  before: Date,
  { now, reason }: { readonly now: Date; readonly reason: string },
): Promise<readonly string[]> {
  const isRecent = sql`coalesce(least(revoked_at, expires_at), 'infinity') > ${before}`
  const { rows } = await sql<{ id: string }>`
    select id from clients
    where source = 'dynamic' and revoked_at is null and created_at < ${before}
      and exists (select from grants where client_id = clients.id)
      and not exists (select from grants where client_id = clients.id and ${isRecent})
    order by created_at limit 1000 for update skip locked`.execute(tx)
  const locked = rows.map(({ id }) => id)
  const ids = await withoutGrant(tx, locked, isRecent)
  if (ids.length === 0) return []
  const end = { revoked_at: now, revoked_reason: reason }
  await tx.updateTable('clients').set(end).where('id', 'in', ids).execute()
  return ids
}

/**
 * Looks again at locked clients. A grant may have been made after their rows were read and before they were locked: it
 * does not change the client's row, so the statement that locks does not see it, and none can be made from then on.
 *
 * @returns those without such a grant
 */
async function withoutGrant(
  tx: Tx,
  locked: readonly string[],
  which: RawBuilder<unknown>,
): Promise<readonly string[]> {
  if (locked.length === 0) return []
  const { rows } = await sql<{ client_id: string }>`
    select client_id from grants where client_id = any(${[...locked]}::text[]) and ${which}`.execute(tx)
  const used = new Set(rows.map(({ client_id }) => client_id))
  return locked.filter((id) => !used.has(id))
}
