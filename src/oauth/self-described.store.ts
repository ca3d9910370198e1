import { sql } from 'kysely'
import type { ClientSource } from '../clients/client.ts'
import type { Db, Tx } from '../db/schema.ts'

/** Until when what was read of a client's document is believed; undefined where none was read. */
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

/** Clients that came to be known in one way, and are not over. */
export async function countOfSource(db: Db, source: ClientSource): Promise<number> {
  const { n } = await db
    .selectFrom('clients')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('source', '=', source)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/**
 * Forgets clients that nobody registered and that were never allowed anything. One that somebody has stopped, blocked or
 * given a ceiling stays: its document would bring it back without.
 */
export async function forgetUnusedClients(db: Db, before: Date): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ id: string }>`
      select id from clients
      where created_at < ${before} and (
          source = 'dynamic'
          or (
            source = 'metadata_document' and suspended_at is null and revoked_at is null
            and not ceiling_set_by_operator
            and not exists (select from blocked_clients where client_id = clients.id)
          )
        )
        and not exists (select from grants where client_id = clients.id)
        and not exists (select from authorization_requests where client_id = clients.id)
      order by created_at limit 1000 for update skip locked`.execute(tx)
    const ids = rows.map(({ id }) => id)
    if (ids.length === 0) return
    await tx.deleteFrom('client_documents').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('redirect_uris').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('blocked_clients').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('client_refusals').where('client_id', 'in', ids).execute()
    await tx.deleteFrom('secrets').where('holder_id', 'in', ids).execute()
    await tx.deleteFrom('clients').where('id', 'in', ids).execute()
  })
}

/** Revokes clients that registered themselves, whose every grant was over before. @returns their ids */
export async function revokeUnusedClients(
  tx: Tx,
  before: Date,
  { now, reason }: { readonly now: Date; readonly reason: string },
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    update clients set revoked_at = ${now}, revoked_reason = ${reason}
    where id in (
      select id from clients
      where source = 'dynamic' and revoked_at is null and created_at < ${before}
        and exists (select from grants where client_id = clients.id)
        and not exists (
          select from grants where client_id = clients.id
            and coalesce(least(revoked_at, expires_at), 'infinity') > ${before}
        )
        and not exists (select from authorization_requests where client_id = clients.id)
      order by created_at limit 1000 for update skip locked
    )
    returning id`.execute(tx)
  return rows.map(({ id }) => id)
}
