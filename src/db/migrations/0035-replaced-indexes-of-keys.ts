import { type Kysely, sql } from 'kysely'

/** Drops indexes that `keys_live` and `keys_by_end` replace. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const name of ['keys_active', 'keys_active_of_owner', 'keys_ending', 'keys_ending_of_owner'])
    await sql`drop index ${sql.table(name)}`.execute(db)
}
