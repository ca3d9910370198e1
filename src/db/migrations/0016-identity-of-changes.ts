import { type Kysely, sql } from 'kysely'

/**
 * A position in the outbox is worth nothing without the outbox that it is of: each change gets a token, and so does the
 * place before the first that is kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The default also serves a server of the version before, which writes changes until it is replaced.
  await sql`alter table changes add column token uuid not null default gen_random_uuid()`.execute(db)
  await sql`alter table changes_head add column pruned_token uuid not null default gen_random_uuid()`.execute(
    db,
  )
}
