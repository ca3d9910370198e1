import { type Kysely, sql } from 'kysely'

/** Refused attempts of strangers, in a table of bounded size; the audit log is unbounded. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table refused_attempts (
      id          text primary key,
      network     text,
      ip          text,
      request_id  text,
      began_at    timestamptz not null,
      last_at     timestamptz not null,
      attempts    integer not null,
      codes       jsonb not null,
      routes      jsonb not null
    )`.execute(db)
  await sql`create index refused_attempts_newest on refused_attempts (began_at, id)`.execute(db)
}
