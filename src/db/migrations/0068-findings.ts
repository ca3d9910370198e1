import { type Kysely, sql } from 'kysely'

/**
 * Findings, as jobs keep them: a row for each thing, deleted when it is no longer so. Its settings; when each
 * owner was last mailed about it; and what has to be recorded for it: the networks from which keys are used, and the
 * permissions that admin keys exercise. One statement each.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table findings (
      id               text primary key,
      kind             text not null,
      holder_kind      text not null check (holder_kind in ('key', 'admin_key', 'client', 'grant', 'mail')),
      holder_id        text not null,
      subject          text not null,
      owner_id         text,
      environment      text,
      first_seen_at    timestamptz not null,
      evidence         jsonb not null,
      accepted_at      timestamptz,
      accepted_until   timestamptz,
      accepted_by      text,
      accepted_reason  text,
      unique (holder_id, kind, subject),
      check (num_nulls(accepted_at, accepted_until, accepted_by, accepted_reason) in (0, 4))
    )`.execute(db)
  await sql`create index findings_newest on findings (first_seen_at desc, id desc)`.execute(db)
  await sql`create index findings_of_kind on findings (kind, first_seen_at desc, id desc)`.execute(db)
  await sql`create index findings_of_owner on findings (owner_id, first_seen_at desc, id desc)`.execute(db)
  await sql`
    create index findings_of_environment on findings (environment, first_seen_at desc, id desc)`.execute(db)
  await sql`
    create index findings_accepted on findings (first_seen_at desc, id desc) where accepted_at is not null`.execute(
    db,
  )
  await sql`
    create index findings_of_few on findings (holder_kind, holder_id) where holder_kind <> 'key'`.execute(db)
  await sql`
    create table finding_settings (
      only_row           boolean primary key default true check (only_row),
      unused_after_days  integer not null check (unused_after_days > 0),
      rotate_after_days  integer not null check (rotate_after_days > 0),
      weekly_mail        boolean not null,
      permissions_since  timestamptz not null
    )`.execute(db)
  await sql`insert into finding_settings values (true, 90, 90, true, now())`.execute(db)
  await sql`
    create table finding_mails (
      owner_id   text primary key,
      mailed_at  timestamptz not null
    )`.execute(db)
  await sql`
    create table seen_networks (
      key_id       text not null,
      network      text not null,
      owner_id     text not null,
      environment  text not null,
      first_at     timestamptz not null,
      last_at      timestamptz not null,
      primary key (key_id, network)
    )`.execute(db)
  await sql`
    create index seen_networks_of_owner on seen_networks (owner_id, network, environment, last_at)`.execute(
    db,
  )
  await sql`create index seen_networks_oldest on seen_networks (last_at)`.execute(db)
  await sql`
    create table exercised_permissions (
      admin_key_id  text not null,
      permission    text not null,
      last_day      timestamptz not null,
      primary key (admin_key_id, permission)
    )`.execute(db)
  await sql`
    alter table mails drop constraint mails_kind_check,
      add constraint mails_kind_check check (kind in ('notices', 'findings', 'test')) not valid`.execute(db)
}
