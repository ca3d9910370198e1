import { type Kysely, sql } from 'kysely'

/** Passkeys of staff, and the challenges that were used. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table staff_passkeys (
      id             text primary key,
      staff_id       text not null references staff,
      credential_id  bytea not null unique,
      public_key     bytea not null,
      counter        bigint not null,
      transports     text[] not null,
      is_backed_up   boolean not null,
      name           text not null,
      created_at     timestamptz not null,
      used_at        timestamptz not null
    )`.execute(db)
  await sql`create index staff_passkeys_of_staff on staff_passkeys (staff_id)`.execute(db)

  // A challenge is a MAC and stored only once it is used, so that strangers cause no rows.
  await sql`
    create table staff_spent_challenges (
      hash        bytea primary key check (length(hash) = 32),
      expires_at  timestamptz not null
    )`.execute(db)
  await sql`create index staff_spent_challenges_oldest on staff_spent_challenges (expires_at)`.execute(db)
}
