import { type Kysely, sql } from 'kysely'

/** Marks blocks set by the API provider: no admin key of the owner can lift these. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table blocked_clients add column blocked_by_provider boolean not null default true`.execute(
    db,
  )
  await sql`
    update blocked_clients set blocked_by_provider = false
    from admin_keys where admin_keys.id = blocked_by and admin_keys.owner_id is not null`.execute(db)
  await sql`alter table blocked_clients alter column blocked_by_provider drop default`.execute(db)
}
