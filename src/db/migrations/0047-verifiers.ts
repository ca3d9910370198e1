import { type Kysely, sql } from 'kysely'

/**
 * Verifiers, and which changes each of them has applied. One statement each. `verifiers` has at most some thousand rows, each
 * updated every few seconds: an index on `seen_at` would cost more than it saves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A verifier that follows another history of changes (`run`) is another row: positions of two histories cannot be
  // compared.
  await sql`
    create table verifiers (
      number         bigint primary key generated always as identity,
      reported_by    text not null,
      id             text not null,
      run            text not null,
      kind           text not null,
      name           text,
      version        text,
      ip             text,
      started_at     timestamptz not null,
      seen_at        timestamptz not null,
      position       bigint,
      applied_at     timestamptz not null,
      bound_ms       integer,
      not_reporting  integer not null,
      left_at        timestamptz,
      unique (reported_by, id, run)
    )`.execute(db)
  await sql`
    create table applied_changes (
      verifier    bigint not null references verifiers on delete cascade,
      position    bigint not null,
      applied_at  timestamptz not null,
      primary key (verifier, position)
    )`.execute(db)
  await sql`create index applied_changes_oldest on applied_changes (applied_at)`.execute(db)
}
