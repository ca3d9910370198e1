import { type Kysely, sql } from 'kysely'

/** Catalogue, owners, keys and their secrets, admin keys, idempotency, audit, usage. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table apis (
      id          text primary key,
      identifier  text not null unique,
      name        text not null,
      is_default  boolean not null,
      created_at  timestamptz not null
    )`.execute(db)
  await sql`create unique index apis_one_default on apis (is_default) where is_default`.execute(db)
  await sql`
    insert into apis (id, identifier, name, is_default, created_at)
    values ('api_default', 'urn:doorward:api:default', 'Default API', true, now())`.execute(db)

  await sql`
    create table scopes (
      name           text primary key,
      api_id         text not null references apis,
      description    text not null,
      sensitivity    text not null check (sensitivity in ('basic', 'sensitive', 'restricted')),
      implies        text[] not null,
      deprecated_at  timestamptz,
      created_at     timestamptz not null
    )`.execute(db)

  await sql`
    create table owners (
      id                text primary key,
      name              text,
      notice_email      text,
      suspended_at      timestamptz,
      suspended_reason  text,
      created_at        timestamptz not null
    )`.execute(db)
  await sql`create index owners_newest on owners (created_at desc, id desc)`.execute(db)

  await sql`
    create table keys (
      id              text primary key,
      owner_id        text not null references owners,
      name            text not null,
      environment     text not null,
      scopes          text[] not null,
      ip_allowlist    text[] check (cardinality(ip_allowlist) > 0),
      metadata        jsonb not null,
      created_by      text not null,
      created_at      timestamptz not null,
      disabled_at     timestamptz,
      revoked_at      timestamptz,
      revoked_reason  text
    )`.execute(db)
  await sql`create index keys_newest on keys (created_at desc, id desc)`.execute(db)
  await sql`create index keys_newest_of_owner on keys (owner_id, created_at desc, id desc)`.execute(db)
  await sql`create index keys_by_scope on keys using gin (scopes)`.execute(db)

  // The hash is the primary key, as bytes: the one lookup of the hot path. A secret's holder is a key or an admin key.
  await sql`
    create table secrets (
      hash                  bytea primary key check (length(hash) = 32),
      id                    text not null unique,
      holder_id             text not null,
      hint                  text not null,
      created_at            timestamptz not null,
      expires_at            timestamptz,
      retires_at            timestamptz,
      retired_at            timestamptz check (retired_at is null or retires_at is not null),
      revoked_at            timestamptz,
      last_used_at          timestamptz,
      last_used_ip          text,
      last_used_user_agent  text,
      exposed_at            timestamptz
    )`.execute(db)
  await sql`create index secrets_of_holder on secrets (holder_id, created_at desc)`.execute(db)
  await sql`
    create unique index secrets_one_current on secrets (holder_id)
    where revoked_at is null and retires_at is null`.execute(db)

  await sql`
    create table admin_keys (
      id              text primary key,
      name            text not null,
      permissions     text[] not null,
      owner_id        text,
      created_by      text not null,
      created_at      timestamptz not null,
      revoked_at      timestamptz,
      revoked_reason  text
    )`.execute(db)

  await sql`
    create table idempotent_requests (
      admin_key_id          text not null,
      idempotency_key_hash  bytea not null,
      fingerprint           bytea not null,
      sealed_answer         bytea,
      created_at            timestamptz not null,
      primary key (admin_key_id, idempotency_key_hash)
    )`.execute(db)
  await sql`create index idempotent_requests_oldest on idempotent_requests (created_at)`.execute(db)

  await sql`
    create table audit_events (
      seq         bigint primary key,
      id          text not null unique,
      at          timestamptz not null,
      action      text not null,
      result      text not null check (result in ('done', 'refused')),
      actor_kind  text not null,
      actor_id    text,
      owner_id    text,
      target_id   text,
      ip          text,
      request_id  text,
      detail      jsonb not null,
      hash        bytea not null
    )`.execute(db)
  await sql`create index audit_events_of_owner on audit_events (owner_id, seq desc)`.execute(db)
  await sql`create index audit_events_of_target on audit_events (target_id, seq desc)`.execute(db)
  await sql`
    create function audit_events_are_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'audit_events is append-only' using errcode = 'insufficient_privilege';
    end $$`.execute(db)
  await sql`
    create trigger audit_events_append_only before update or delete or truncate on audit_events
    for each statement execute function audit_events_are_append_only()`.execute(db)
  // The head is the chain's lock and its witness: rows cut off at the end no longer reach it.
  await sql`
    create table audit_head (
      one   boolean primary key check (one),
      seq   bigint not null,
      hash  bytea not null
    )`.execute(db)
  await sql`insert into audit_head (one, seq, hash) values (true, 0, sha256('doorward'::bytea))`.execute(db)

  await sql`
    create table usage (
      credential_id  text not null,
      outcome        text not null,
      hour           timestamptz not null,
      count          bigint not null,
      primary key (credential_id, hour, outcome)
    )`.execute(db)
  await sql`
    create table usage_batches (
      id           text primary key,
      received_at  timestamptz not null
    )`.execute(db)
  await sql`create index usage_batches_oldest on usage_batches (received_at)`.execute(db)
}
