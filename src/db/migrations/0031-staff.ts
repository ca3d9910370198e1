import { type Kysely, sql } from 'kysely'

/** Staff, their one-time links and sessions; narrower rights of admin keys. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table staff (
      id               text primary key,
      email            text not null check (email = lower(email)),
      name             text not null,
      role             text not null check (role in ('administrator', 'security', 'developer', 'support', 'viewer')),
      password_hash    text,
      created_by       text not null,
      created_at       timestamptz not null,
      disabled_at      timestamptz,
      disabled_reason  text,
      removed_at       timestamptz,
      removed_reason   text,
      check ((disabled_at is null) = (disabled_reason is null)),
      check ((removed_at is null) = (removed_reason is null))
    )`.execute(db)
  // A removed member's row stays, because the audit log names it; the address is free again.
  await sql`create unique index staff_emails on staff (email) where removed_at is null`.execute(db)
  await sql`create index staff_newest on staff (created_at desc, id desc)`.execute(db)

  // `first`: whoever opens it becomes the first administrator. `invitation`: with this address and role. `password`: a
  // member sets a new password.
  await sql`
    create table staff_links (
      hash        bytea primary key check (length(hash) = 32),
      id          text not null unique,
      kind        text not null check (kind in ('first', 'invitation', 'password')),
      staff_id    text references staff,
      email       text check (email = lower(email)),
      role        text check (role in ('administrator', 'security', 'developer', 'support', 'viewer')),
      created_by  text not null,
      created_at  timestamptz not null,
      expires_at  timestamptz not null,
      spent_at    timestamptz,
      check ((kind = 'password') = (staff_id is not null)),
      check ((kind = 'invitation') = (email is not null)),
      check ((kind = 'invitation') = (role is not null))
    )`.execute(db)
  await sql`create index staff_links_oldest on staff_links (expires_at)`.execute(db)

  // The times of the factors: dangerous operations ask for a fresh one.
  await sql`
    create table staff_sessions (
      hash         bytea primary key check (length(hash) = 32),
      id           text not null unique,
      staff_id     text not null references staff,
      created_at   timestamptz not null,
      seen_at      timestamptz not null,
      expires_at   timestamptz not null,
      ended_at     timestamptz,
      ip           text,
      user_agent   text,
      password_at  timestamptz,
      totp_at      timestamptz,
      passkey_at   timestamptz,
      sso_at       timestamptz
    )`.execute(db)
  await sql`create index staff_sessions_of_staff on staff_sessions (staff_id)`.execute(db)
  await sql`create index staff_sessions_oldest on staff_sessions (expires_at)`.execute(db)

  await sql`
    alter table admin_keys
      add column environments text[] check (cardinality(environments) > 0),
      add column hides_metadata boolean not null default false`.execute(db)
  // Full admin keys get the new permissions: otherwise no key could grant them. Those that are a part of another need none.
  await sql`
    update admin_keys
    set permissions = permissions || '{staff:read,staff:write}'::text[]
    where owner_id is null and permissions @> '{
      keys:read,keys:write,clients:read,clients:write,grants:read,grants:write,owners:read,owners:write,scopes:read,
      scopes:write,admin_keys:read,admin_keys:write,users:read,users:write,members:write,login_challenges:write,
      audit:read,verify
    }'::text[]`.execute(db)
}
