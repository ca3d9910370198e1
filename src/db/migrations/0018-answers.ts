import { type Kysely, sql } from 'kysely'

/** How an authorization request was answered, so that the same answer given twice leads to the same place. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table authorization_requests add column answer jsonb`.execute(db)
}
