import { type Kysely, sql } from 'kysely'

/** An owner's own policy, which replaces the configuration's; null: the configuration's applies. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table owners
      add column max_lifetime_seconds bigint,
      add column max_keys integer`.execute(db)
  // Not validated: the new columns are empty, and reading all owners would make requests wait.
  await sql`
    alter table owners
      add constraint owners_max_lifetime_seconds_check check (max_lifetime_seconds >= 60) not valid,
      add constraint owners_max_keys_check check (max_keys >= 0) not valid`.execute(db)
}
