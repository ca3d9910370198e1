import { type Kysely, sql } from 'kysely'

/** An owner's own policy, which replaces the configuration's; null: the configuration's applies. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table owners
      add column max_lifetime_seconds bigint check (max_lifetime_seconds >= 60),
      add column max_keys integer check (max_keys >= 0)`.execute(db)
}
