import { type Kysely, sql } from 'kysely'

/**
 * Identifies the outbox that a position belongs to: each change gets a random token, and so does the position before the
 * first change that is kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The default also serves servers of the previous version, which write changes until they are replaced.
  await sql`alter table changes add column token uuid not null default gen_random_uuid()`.execute(db)
  await sql`alter table changes_head add column pruned_token uuid not null default gen_random_uuid()`.execute(
    db,
  )
}
