import { type Kysely, sql } from 'kysely'

/**
 * The orders of the list of keys for one creator, as 0034 has them for one owner. Newest first is in `keys_of_creator`
 * there. ADR 38 says why, and at what price.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const live = sql`revoked_at is null and not lapsed`
  const ended = sql`(revoked_at is not null or lapsed)`
  const byEnd = sql`(coalesce(ends_at, '9999-12-31T23:59:59.999Z'))`
  const byName = sql`(lower(name) collate "C")`
  for (const [name, columns, where] of [
    ['keys_live_by_use', sql`used_day, created_at`, live],
    ['keys_ended_by_use', sql`used_day, created_at`, ended],
    ['keys_live_by_name', byName, live],
    ['keys_ended_by_name', byName, ended],
    ['keys_by_end', byEnd, sql`revoked_at is null`],
    ['keys_revoked_by_end', byEnd, sql`revoked_at is not null`],
    ['keys_quiet', sql`(-seen_day), created_at`, live],
  ] as const)
    await sql`
      create index ${sql.raw(`${name}_of_creator`)} on keys (created_by, ${columns}, id) where ${where}`.execute(
      db,
    )
}
