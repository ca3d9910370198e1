import { type Kysely, sql } from 'kysely'

/** Drops an index that `keys_of_owner` replaces. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop index keys_newest_of_owner`.execute(db)
}
