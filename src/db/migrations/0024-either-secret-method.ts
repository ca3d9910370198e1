import { type Kysely, sql } from 'kysely'

/** Allows a client's secret in the header or in the body. Existing clients keep their one method. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table clients add column either_secret_method boolean not null default false`.execute(db)
}
