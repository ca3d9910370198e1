import { type Kysely, sql } from 'kysely'

/** Finds the rotations under way, the exposed secrets, and the refused request of an id, whatever else is stored. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index secrets_retiring on secrets (retires_at, id)
    where retires_at is not null and retired_at is null and revoked_at is null`.execute(db)
  await sql`create index secrets_exposed on secrets (exposed_at) where exposed_at is not null`.execute(db)
  await sql`
    create index audit_events_of_request on audit_events (request_id) where result = 'refused'`.execute(db)
}
