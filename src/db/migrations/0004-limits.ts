import { type Kysely, sql } from 'kysely'

/**
 * Limits of a key and of all keys of an owner: rate limits, whose counts are kept elsewhere, and quotas, whose counts are
 * here. A quota is counted per holder and calendar period in UTC, whatever secret was presented.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['keys', 'owners'])
    await sql`
      alter table ${sql.table(table)}
        add column rate_limits jsonb not null default '[]',
        add column quota jsonb`.execute(db)

  // `fillfactor` for HOT updates: a row is updated often, and a new version on the same page touches no index.
  await sql`
    create table quota_spent (
      holder_id     text not null,
      period        text not null check (period in ('day', 'month')),
      period_start  timestamptz not null,
      spent         bigint not null check (spent >= 0),
      primary key (holder_id, period, period_start)
    ) with (fillfactor = 50)`.execute(db)
  await sql`create index quota_spent_oldest on quota_spent (period_start)`.execute(db)
}
