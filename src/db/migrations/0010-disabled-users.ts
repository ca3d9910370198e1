import { type Kysely, sql } from 'kysely'

/** Who may not sign in, and from where somebody did. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // No part of `users`: who signs in at the API provider's own login has no row there.
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
