import { type Kysely, sql } from 'kysely'

/** Rules for keys and secrets of an environment, and how far a shorter lifetime has reached existing secrets. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table policies (
      environment               text primary key,
      max_lifetime_seconds      bigint check (max_lifetime_seconds >= 60),
      default_lifetime_seconds  bigint check (default_lifetime_seconds between 60 and max_lifetime_seconds),
      never_expires_allowed     boolean not null default true,
      max_overlap_seconds       integer check (max_overlap_seconds >= 3600),
      max_keys                  integer check (max_keys >= 0),
      ip_allowlist_required     boolean not null default false,
      allowed_scopes            text[],
      changed_at                timestamptz not null,
      changed_by                text not null,
      shortening_to_seconds     bigint,
      shortening_not_before     timestamptz,
      shortening_started_at     timestamptz,
      shortening_finished_at    timestamptz,
      shortening_after          text not null default '',
      shortening_shortened      bigint not null default 0,
      shortening_ended          bigint not null default 0,
      check (never_expires_allowed or max_lifetime_seconds is not null or default_lifetime_seconds is not null)
    )`.execute(db)
}
