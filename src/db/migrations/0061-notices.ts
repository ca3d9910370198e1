import { type Kysely, sql } from 'kysely'

/**
 * Notices about ends to come, and the mails that carry them. `owners.notice_contacts` takes the place of `notice_email`,
 * which only older servers still read; a later migration fills it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table policies add column notice_tiers integer[]`.execute(db)
  await sql`alter table owners add column notice_contacts text[] not null default '{}'`.execute(db)
  await sql`
    create table mails (
      id          text primary key,
      kind        text not null check (kind in ('notices', 'test')),
      owner_id    text,
      created_at  timestamptz not null,
      content     jsonb not null
    )`.execute(db)
  await sql`create index mails_of_owner on mails (owner_id, created_at desc)`.execute(db)
  await sql`create index mails_by_age on mails (created_at)`.execute(db)
  await sql`
    create table mail_deliveries (
      id               text primary key,
      mail_id          text not null references mails on delete cascade,
      owner_id         text,
      recipient        text,
      state            text not null check (state in ('waiting', 'sent', 'refused', 'given_up', 'nobody')),
      created_at       timestamptz not null,
      attempts         integer not null default 0,
      next_attempt_at  timestamptz check ((state = 'waiting') = (next_attempt_at is not null)),
      last_attempt_at  timestamptz,
      answer           text,
      ended_at         timestamptz
    )`.execute(db)
  await sql`create index mail_deliveries_of_mail on mail_deliveries (mail_id)`.execute(db)
  await sql`create index mail_deliveries_newest on mail_deliveries (created_at desc, id desc)`.execute(db)
  await sql`
    create index mail_deliveries_of_owner on mail_deliveries (owner_id, created_at desc, id desc)`.execute(db)
  await sql`
    create index mail_deliveries_waiting on mail_deliveries (next_attempt_at, id) where state = 'waiting'`.execute(
    db,
  )
  await sql`
    create table notices (
      id           text primary key,
      subject_id   text not null,
      cause        text not null check (cause in ('expires', 'expired', 'overlap_ends', 'rotation_due', 'idle', 'no_allow_list')),
      tier         integer not null check (tier >= 0),
      ends_at      timestamptz not null,
      holder_kind  text not null check (holder_kind in ('key', 'client', 'admin_key')),
      holder_id    text not null,
      owner_id     text,
      due_at       timestamptz not null,
      created_at   timestamptz not null,
      mailed_at    timestamptz,
      mail_id      text references mails on delete set null,
      unique (subject_id, cause, tier, ends_at)
    )`.execute(db)
  await sql`create index notices_pending on notices (due_at, id) where mailed_at is null`.execute(db)
  await sql`
    create index notices_pending_of_owner on notices (owner_id, ends_at, id) where mailed_at is null`.execute(
    db,
  )
  await sql`create index notices_of_mail on notices (mail_id)`.execute(db)
  await sql`create index notices_by_end on notices (ends_at)`.execute(db)
}
