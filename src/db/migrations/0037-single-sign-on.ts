import { type Kysely, sql } from 'kysely'

/** Single sign-on of staff: the identity provider, identities, and sign-ins under way. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // At most one row. `version` is new with each issuer and client, so that sign-ins under way at another one end.
  await sql`
    create table single_sign_on (
      only_row              boolean primary key default true check (only_row),
      version               text not null,
      issuer                text not null,
      client_id             text not null,
      sealed_client_secret  bytea,
      domains               text[] not null,
      default_role          text not null check (default_role in ('security', 'developer', 'support', 'viewer')),
      changed_at            timestamptz not null,
      tested_at             timestamptz,
      tested_by             text references staff,
      states_auth_time      boolean,
      required_since        timestamptz,
      check ((tested_at is null) = (tested_by is null)),
      check ((tested_at is null) = (states_auth_time is null)),
      check (required_since is null or tested_at is not null)
    )`.execute(db)

  // Rows of removed members stay: the provider would let them in again.
  await sql`
    create table staff_identities (
      issuer     text not null,
      subject    text not null,
      staff_id   text not null references staff,
      linked_at  timestamptz not null,
      primary key (issuer, subject)
    )`.execute(db)
  await sql`create unique index staff_identities_of_staff on staff_identities (staff_id, issuer)`.execute(db)

  await sql`
    create table sso_flows (
      hash        bytea primary key check (length(hash) = 32),
      state_hash  bytea not null check (length(state_hash) = 32),
      version     text not null,
      purpose     text not null check (purpose in ('sign_in', 'accept', 'connect', 'confirm')),
      session_id  text,
      link_hash   bytea,
      return_to   text not null,
      created_at  timestamptz not null,
      expires_at  timestamptz not null,
      spent_at    timestamptz,
      check ((purpose in ('connect', 'confirm')) = (session_id is not null)),
      check ((purpose = 'accept') = (link_hash is not null))
    )`.execute(db)
  await sql`create index sso_flows_oldest on sso_flows (expires_at)`.execute(db)
}
