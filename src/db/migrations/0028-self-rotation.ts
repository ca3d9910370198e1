import { type Kysely, sql } from 'kysely'

/** Lets a key rotate itself with its own secret. Off for every key that exists. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table keys add column self_rotation boolean not null default false`.execute(db)
}
