import { type Kysely, sql } from 'kysely'

/** OAuth clients, their redirect URIs and spent assertions. Their secrets are in `secrets`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table clients (
      id                          text primary key,
      owner_id                    text references owners,
      type                        text not null check (type in ('confidential', 'public')),
      environment                 text not null,
      source                      text not null,
      name                        text not null,
      description                 text,
      client_uri                  text,
      logo_uri                    text,
      policy_uri                  text,
      tos_uri                     text,
      grant_types                 text[] not null,
      token_endpoint_auth_method  text not null check ((type = 'public') = (token_endpoint_auth_method = 'none')),
      jwks                        jsonb,
      jwks_uri                    text,
      required_scopes             text[] not null,
      optional_scopes             text[] not null,
      client_credentials_scopes   text[] not null,
      first_party                 boolean not null,
      testers                     text[] not null,
      refresh_grace_seconds       integer not null check (refresh_grace_seconds between 0 and 3600),
      created_by                  text not null,
      created_at                  timestamptz not null,
      published_at                timestamptz,
      suspended_at                timestamptz,
      suspended_reason            text,
      suspended_by_provider       boolean not null,
      revoked_at                  timestamptz,
      revoked_reason              text,
      check (num_nonnulls(jwks, jwks_uri) = (token_endpoint_auth_method = 'private_key_jwt')::integer)
    )`.execute(db)
  await sql`create index clients_newest on clients (created_at desc, id desc)`.execute(db)
  await sql`create index clients_newest_of_owner on clients (owner_id, created_at desc, id desc)`.execute(db)

  await sql`
    create table redirect_uris (
      client_id  text not null references clients,
      place      smallint not null,
      uri        text not null,
      primary key (client_id, place),
      unique (client_id, uri)
    )`.execute(db)

  // The primary key guards against replay: of racing requests with one assertion, one inserts its row.
  await sql`
    create table client_assertions (
      client_id  text not null,
      jti_hash   bytea not null check (length(jti_hash) = 32),
      forget_at  timestamptz not null,
      primary key (client_id, jti_hash)
    )`.execute(db)
  await sql`create index client_assertions_oldest on client_assertions (forget_at)`.execute(db)

  // Full admin keys get the new permissions: otherwise no key could grant them.
  await sql`
    update admin_keys set permissions = permissions || '{clients:read,clients:write}'::text[]
    where owner_id is null and permissions @> '{
      keys:read,keys:write,owners:read,owners:write,scopes:read,scopes:write,
      admin_keys:read,admin_keys:write,audit:read,verify
    }'::text[]`.execute(db)
}
