import { type Kysely, sql } from 'kysely'

/** How far the look for findings has come: at a million keys it takes longer than one run of its job may. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table finding_walk (
      only_row     boolean primary key default true check (only_row),
      holder_kind  text,
      after        text not null,
      begun_at     timestamptz not null
    )`.execute(db)
  await sql`insert into finding_walk values (true, null, '', '2020-01-01T00:00:00Z')`.execute(db)
}
