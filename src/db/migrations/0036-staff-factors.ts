import { type Kysely, sql } from 'kysely'

/** Second factors of staff: authenticator apps, recovery codes, and sign-ins that wait for one. One statement each. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // One app a member: another one replaces it. `last_step` makes a code work once; `failures` and `retry_at` bound guesses.
  await sql`
    create table staff_totp (
      staff_id       text primary key references staff,
      id             text not null unique,
      name           text not null,
      sealed_secret  bytea not null,
      created_at     timestamptz not null,
      used_at        timestamptz not null,
      last_step      integer not null,
      failures       integer not null default 0,
      retry_at       timestamptz
    )`.execute(db)

  await sql`
    create table staff_recovery_codes (
      hash        bytea primary key check (length(hash) = 32),
      staff_id    text not null references staff,
      created_at  timestamptz not null,
      spent_at    timestamptz
    )`.execute(db)
  await sql`create index staff_recovery_codes_of_staff on staff_recovery_codes (staff_id)`.execute(db)

  // The first factor is proved, the second is not: no session yet.
  await sql`
    create table staff_sign_ins (
      hash        bytea primary key check (length(hash) = 32),
      staff_id    text not null references staff,
      proven      text[] not null,
      return_to   text not null,
      created_at  timestamptz not null,
      expires_at  timestamptz not null,
      tries       integer not null default 0
    )`.execute(db)
  await sql`create index staff_sign_ins_of_staff on staff_sign_ins (staff_id)`.execute(db)
  await sql`create index staff_sign_ins_oldest on staff_sign_ins (expires_at)`.execute(db)
}
