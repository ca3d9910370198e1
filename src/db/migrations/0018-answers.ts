import { type Kysely, sql } from 'kysely'

/** The answer to an authorization request, so that the same answer given twice has the same result. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table authorization_requests add column answer jsonb`.execute(db)
}
