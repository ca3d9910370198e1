import { type Kysely, sql } from 'kysely'

/** Disabled users, and address and browser of sessions. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A table of its own: users of the external login have no row in `users`.
  await sql`
    create table disabled_users (
      user_id      text primary key,
      disabled_at  timestamptz not null,
      disabled_by  text not null,
      reason       text not null
    )`.execute(db)
  await sql`alter table sessions add column ip text`.execute(db)
  await sql`alter table sessions add column user_agent text`.execute(db)
}
