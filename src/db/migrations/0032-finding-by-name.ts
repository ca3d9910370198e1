import { type Kysely, sql } from 'kysely'

/**
 * Orders by name for lists that people search, and what shows whom a suspension of a client hits. The expressions are those
 * of the stores, to the letter.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index owners_by_name on owners ((lower(coalesce(name, id)) collate "C"), id)`.execute(db)
  await sql`create index clients_by_name on clients ((lower(name) collate "C"), id)`.execute(db)
  await sql`create index users_by_name on users ((lower(name) collate "C"), id)`.execute(db)
  await sql`create index grants_unrevoked_of_client on grants (client_id) where revoked_at is null`.execute(
    db,
  )
  await sql`
    create index clients_unregistered on clients (created_at desc, id desc)
      where source <> 'registered' and revoked_at is null`.execute(db)
}
