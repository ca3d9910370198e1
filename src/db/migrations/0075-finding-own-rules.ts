import { type Kysely, sql } from 'kysely'

/** Finds the few owners whose own rules jobs have to know. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index owners_own_unused on owners (id) where disable_unused_after_days is not null`.execute(db)
  await sql`create index owners_own_tiers on owners (id) where notice_tiers is not null`.execute(db)
}
