import { type Kysely, sql } from 'kysely'

/** A row for each job that servers do by themselves: when it is due, who does it, and how it ended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table jobs (
      name           text primary key,
      every_seconds  integer not null check (every_seconds > 0),
      next_run_at    timestamptz not null,
      runs           bigint not null default 0,
      runner         text,
      lease_until    timestamptz,
      started_at     timestamptz,
      succeeded_at   timestamptz,
      failed_at      timestamptz,
      took_ms        integer,
      failures       integer not null default 0,
      error          text
    )`.execute(db)
}
