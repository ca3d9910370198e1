import { type Kysely, sql } from 'kysely'

/** Whether a family can still be refreshed is asked when another of its grant is given back. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index refresh_tokens_of_family on refresh_tokens (family_id)`.execute(db)
}
