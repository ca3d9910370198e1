import { type Kysely, sql } from 'kysely'

/**
 * Rules that disable keys at a stated date, and the date of each key. A date is written with the key, by a rotation, by a
 * walk over the keys after the rule was changed, or when a key has been unused for long; see ADR 0047.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table policies
      add column rotate_every_days          integer check (rotate_every_days between 1 and 3650),
      add column disable_unused_after_days  integer check (disable_unused_after_days between 1 and 3650),
      add column owner_allowed_scopes       text[],
      add column dating_started_at          timestamptz,
      add column dating_finished_at         timestamptz,
      add column unrotated_not_before       timestamptz,
      add column unlisted_not_before        timestamptz,
      add column dating_after               text not null default '',
      add column dating_keys                bigint not null default 0`.execute(db)
  await sql`
    alter table keys
      add column disable_unrotated_at  timestamptz,
      add column disable_unlisted_at   timestamptz,
      add column disable_unused_at     timestamptz,
      add column disabled_by           text`.execute(db)
}
