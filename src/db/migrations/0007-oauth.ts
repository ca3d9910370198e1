import { type Kysely, sql } from 'kysely'

/** Grants, with their codes and the tokens that each code yielded. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table grants (
      id              text primary key,
      user_id         text not null,
      client_id       text not null references clients,
      owner_id        text not null references owners,
      scopes          text[] not null,
      shown           jsonb not null,
      granted_at      timestamptz not null,
      consented_at    timestamptz not null,
      expires_at      timestamptz,
      last_used_at    timestamptz,
      revoked_at      timestamptz,
      revoked_by      text,
      revoked_reason  text
    )`.execute(db)
  // One active grant, however many requests race. Revoked grants stay for the record.
  await sql`
    create unique index grants_standing on grants (user_id, client_id, owner_id) where revoked_at is null`.execute(
    db,
  )
  await sql`create index grants_newest on grants (granted_at desc, id desc)`.execute(db)
  await sql`create index grants_of_client on grants (client_id, granted_at desc, id desc)`.execute(db)
  await sql`create index grants_of_owner on grants (owner_id, granted_at desc, id desc)`.execute(db)

  // Authorization requests are stored until they are answered, so that the browser cannot change them.
  await sql`
    create table authorization_requests (
      hash            bytea primary key check (length(hash) = 32),
      browser_hash    bytea not null check (length(browser_hash) = 32),
      client_id       text not null references clients,
      redirect_uri    text not null,
      state           text,
      scopes          text[] not null,
      resources       text[] not null,
      code_challenge  text not null,
      prompt          text[] not null,
      max_age         integer,
      login_hint      text,
      created_at      timestamptz not null,
      expires_at      timestamptz not null,
      answered_at     timestamptz
    )`.execute(db)
  await sql`create index authorization_requests_oldest on authorization_requests (expires_at)`.execute(db)

  await sql`
    create table authorization_codes (
      hash            bytea primary key check (length(hash) = 32),
      grant_id        text not null references grants,
      client_id       text not null,
      redirect_uri    text not null,
      code_challenge  text not null,
      scopes          text[] not null,
      resources       text[] not null,
      created_at      timestamptz not null,
      expires_at      timestamptz not null,
      spent_at        timestamptz,
      family_id       text,
      check ((spent_at is null) = (family_id is null))
    )`.execute(db)
  await sql`create index authorization_codes_oldest on authorization_codes (expires_at)`.execute(db)

  // A token family: all tokens from one code, each issued for the one before.
  await sql`
    create table token_families (
      id              text primary key,
      grant_id        text not null references grants,
      client_id       text not null,
      scopes          text[] not null,
      resources       text[] not null,
      created_at      timestamptz not null,
      expires_at      timestamptz not null,
      revoked_at      timestamptz,
      revoked_reason  text
    )`.execute(db)
  await sql`create index token_families_of_grant on token_families (grant_id)`.execute(db)
  await sql`create index token_families_oldest on token_families (expires_at)`.execute(db)

  // No foreign key from tokens to their family: it would cost each refresh two more lookups and a lock.
  await sql`
    create table refresh_tokens (
      hash            bytea primary key check (length(hash) = 32),
      family_id       text not null,
      created_at      timestamptz not null,
      expires_at      timestamptz not null,
      spent_at        timestamptz,
      successor_hash  bytea check (length(successor_hash) = 32),
      check ((spent_at is null) = (successor_hash is null))
    )`.execute(db)
  await sql`create index refresh_tokens_oldest on refresh_tokens (expires_at)`.execute(db)

  await sql`
    create table access_tokens (
      hash         bytea primary key check (length(hash) = 32),
      family_id    text,
      client_id    text not null,
      environment  text not null,
      scopes       text[] not null,
      resources    text[] not null,
      created_at   timestamptz not null,
      expires_at   timestamptz not null,
      revoked_at   timestamptz
    )`.execute(db)
  await sql`create index access_tokens_of_family on access_tokens (family_id) where family_id is not null`.execute(
    db,
  )
  await sql`create index access_tokens_of_client on access_tokens (client_id) where family_id is null`.execute(
    db,
  )
  await sql`create index access_tokens_oldest on access_tokens (expires_at)`.execute(db)

  // Client id metadata documents: the time of the fetch, and until when the copy is fresh.
  await sql`
    create table client_documents (
      client_id    text primary key references clients,
      fetched_at   timestamptz not null,
      fresh_until  timestamptz not null
    )`.execute(db)
  await sql`create index clients_self_registered on clients (created_at) where source = 'dynamic'`.execute(db)

  // Reasons of refused requests, for the client's developer and the operator: one row per reason.
  await sql`
    create table client_refusals (
      client_id  text not null references clients,
      endpoint   text not null,
      reason     text not null,
      count      bigint not null,
      last_at    timestamptz not null,
      last_ip    text,
      primary key (client_id, endpoint, reason)
    )`.execute(db)

  // Full admin keys get the new permissions: otherwise no key could grant them.
  await sql`
    update admin_keys set permissions = permissions || '{grants:read,grants:write}'::text[]
    where owner_id is null and permissions @> '{
      keys:read,keys:write,owners:read,owners:write,scopes:read,scopes:write,
      admin_keys:read,admin_keys:write,audit:read,verify
    }'::text[]`.execute(db)
}
