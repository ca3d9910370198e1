import { type Kysely, sql } from 'kysely'

/**
 * The answers to spends of quotas, by the id that an SDK made for its request: sent again after a connection broke, it
 * spends nothing more. Rows are kept for two minutes.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table quota_spends (
      id        text primary key,
      granted   boolean[] not null,
      spent_at  timestamptz not null
    )`.execute(db)
  await sql`create index quota_spends_oldest on quota_spends (spent_at)`.execute(db)
}
