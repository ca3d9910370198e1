import { type Kysely, sql } from 'kysely'

/** Adds the key and owner of each last refusal. A database of a version before the first release may have them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table last_refusals
      add column if not exists key_id text,
      add column if not exists owner_id text`.execute(db)
}
