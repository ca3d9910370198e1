import { type Kysely, sql } from 'kysely'

/** Whether a client's secret may come in the header or in the body. Clients that are there keep the one that they have. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table clients add column either_secret_method boolean not null default false`.execute(db)
}
