import { type Kysely, sql } from 'kysely'

/**
 * Columns and a function with which people find keys, and undo a change of scopes.
 *
 * `used_day` is a hint like `seen_day`: the last UTC day of use, 0 where none is known, and -1 until housekeeping has looked
 * (keys of before, and of older servers). `name_trigrams` is our own: not every Postgres lets us create `pg_trgm`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table keys
      add column note text,
      add column former_scopes text[],
      add column scopes_changed_at timestamptz,
      add column used_day integer not null default -1`.execute(db)
  await sql`
    create function name_trigrams(name text) returns text[] language sql immutable strict parallel safe as $$
      select coalesce(array_agg(distinct substr(folded, n, 3)), '{}')
      from lower(name) as folded, generate_series(1, length(folded) - 2) as n
    $$`.execute(db)
}
