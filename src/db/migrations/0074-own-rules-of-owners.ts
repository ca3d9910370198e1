import { type Kysely, sql } from 'kysely'

/**
 * The rules that replace the environment's for one owner; null: the environment's holds. `…_not_before` are the moments
 * before which no existing key is disabled because of the owner's last change of the rule.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table owners
      add column default_lifetime_seconds   bigint,
      add column never_expires_allowed      boolean,
      add column max_overlap_seconds        bigint,
      add column ip_allowlist_required      boolean,
      add column allowed_scopes             text[],
      add column owner_allowed_scopes       text[],
      add column rotate_every_days          integer,
      add column disable_unused_after_days  integer,
      add column notice_tiers               integer[],
      add column unrotated_not_before       timestamptz,
      add column unlisted_not_before        timestamptz`.execute(db)
  // Not validated: the new columns are empty, and reading all owners would make requests wait.
  await sql`
    alter table owners
      add constraint owners_rotate_every_days_check check (rotate_every_days between 1 and 3650) not valid,
      add constraint owners_disable_unused_after_days_check
        check (disable_unused_after_days between 1 and 3650) not valid`.execute(db)
}
