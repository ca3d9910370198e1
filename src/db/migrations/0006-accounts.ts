import { type Kysely, sql } from 'kysely'

/** Users, their memberships, credentials, login challenges and sessions. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // better-auth's `user` and `account` under our names; it requires all of its columns.
  await sql`
    create table users (
      id              text primary key,
      email           text not null unique check (email = lower(email)),
      name            text not null,
      email_verified  boolean not null,
      image           text,
      created_at      timestamptz not null,
      updated_at      timestamptz not null
    )`.execute(db)
  await sql`create index users_newest on users (created_at desc, id desc)`.execute(db)
  await sql`
    create table user_credentials (
      id                        text primary key,
      account_id                text not null,
      provider_id               text not null,
      user_id                   text not null references users,
      password                  text,
      access_token              text check (access_token is null),
      refresh_token             text check (refresh_token is null),
      id_token                  text check (id_token is null),
      access_token_expires_at   timestamptz,
      refresh_token_expires_at  timestamptz,
      scope                     text,
      created_at                timestamptz not null,
      updated_at                timestamptz not null,
      unique (provider_id, account_id)
    )`.execute(db)
  await sql`create index user_credentials_of_user on user_credentials (user_id)`.execute(db)

  await sql`
    create table password_links (
      hash        bytea primary key check (length(hash) = 32),
      user_id     text not null references users,
      created_at  timestamptz not null,
      expires_at  timestamptz not null,
      spent_at    timestamptz
    )`.execute(db)
  await sql`create index password_links_of_user on password_links (user_id)`.execute(db)
  await sql`create index password_links_oldest on password_links (expires_at)`.execute(db)

  await sql`
    create table members (
      owner_id    text not null references owners,
      user_id     text not null references users,
      created_by  text not null,
      created_at  timestamptz not null,
      primary key (owner_id, user_id)
    )`.execute(db)
  await sql`create index members_of_user on members (user_id)`.execute(db)

  // `hash` of the token in the URL, `browser_hash` of the cookie. A challenge needs both (login CSRF).
  await sql`
    create table login_challenges (
      hash             bytea primary key check (length(hash) = 32),
      browser_hash     bytea not null check (length(browser_hash) = 32),
      return_to        text not null check (return_to like '/%'),
      refused_to       text check (refused_to like '/%'),
      client_name      text,
      login_hint       text,
      wants_fresh      boolean not null,
      created_at       timestamptz not null,
      expires_at       timestamptz not null,
      verifier_hash    bytea unique check (length(verifier_hash) = 32),
      accepted_at      timestamptz,
      person           jsonb,
      rejected_at      timestamptz,
      rejected_reason  text,
      spent_at         timestamptz,
      check ((accepted_at is null) = (person is null)),
      check (accepted_at is null or rejected_at is null),
      check ((verifier_hash is null) = (accepted_at is null and rejected_at is null))
    )`.execute(db)
  await sql`create index login_challenges_oldest on login_challenges (expires_at)`.execute(db)

  // `person`: as stated by the external login; null for a user of ours, who is read again each time.
  await sql`
    create table sessions (
      hash              bytea primary key check (length(hash) = 32),
      id                text not null unique,
      user_id           text not null,
      person            jsonb,
      authenticated_at  timestamptz not null,
      created_at        timestamptz not null,
      seen_at           timestamptz not null,
      expires_at        timestamptz not null,
      ended_at          timestamptz
    )`.execute(db)
  await sql`create index sessions_of_user on sessions (user_id)`.execute(db)
  await sql`create index sessions_oldest on sessions (expires_at)`.execute(db)

  // Full admin keys get the new permissions: otherwise no key could grant them.
  await sql`
    update admin_keys
    set permissions = permissions || '{users:read,users:write,members:write,login_challenges:write}'::text[]
    where owner_id is null and permissions @> '{
      keys:read,keys:write,owners:read,owners:write,scopes:read,scopes:write,
      admin_keys:read,admin_keys:write,audit:read,verify
    }'::text[]`.execute(db)
}
