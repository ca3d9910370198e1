import { type Kysely, sql } from 'kysely'

/** The index `keys_of_owner` is used in its place. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`drop index keys_newest_of_owner`.execute(db)
}
