import { type Kysely, sql } from 'kysely'

/** The outbox of everything that can alter a verdict. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Hashes null: every credential. Positions are assigned under the audit log's lock, so they are in commit order.
  await sql`
    create table changes (
      position      bigint primary key,
      at            timestamptz not null,
      action        text not null,
      hashes        bytea[],
      ended_reason  text,
      ended_at      timestamptz,
      check ((ended_reason is null) = (ended_at is null))
    )`.execute(db)
  await sql`create index changes_oldest on changes (at)`.execute(db)
  await sql`
    create table changes_head (
      one        boolean primary key check (one),
      position   bigint not null,
      pruned_to  bigint not null
    )`.execute(db)
  await sql`insert into changes_head (one, position, pruned_to) values (true, 0, 0)`.execute(db)
}
