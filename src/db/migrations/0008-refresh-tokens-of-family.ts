import { type Kysely, sql } from 'kysely'

/** Index for the question whether a token family can still be refreshed, asked when another of its grant is revoked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index refresh_tokens_of_family on refresh_tokens (family_id)`.execute(db)
}
