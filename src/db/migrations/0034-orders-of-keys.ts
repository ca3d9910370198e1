import { type Kysely, sql } from 'kysely'

/**
 * One index for each order of the list of keys, over all owners and of one owner, and for each search. A key is in the
 * indexes of what can still work, or of what has ended: in an order that favours one of them, the other would be passed
 * over row by row.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const unrevoked = sql`revoked_at is null`
  const live = sql`revoked_at is null and not lapsed`
  const lapsed = sql`revoked_at is null and lapsed`
  const ended = sql`(revoked_at is not null or lapsed)`
  const revoked = sql`revoked_at is not null`
  const byEnd = sql`(coalesce(ends_at, '9999-12-31T23:59:59.999Z'))`
  const byName = sql`(lower(name) collate "C")`
  for (const [name, columns, where] of [
    ['keys_live', sql`created_at`, live],
    ['keys_lapsed', sql`created_at`, lapsed],
    ['keys_live_by_use', sql`used_day, created_at`, live],
    ['keys_ended_by_use', sql`used_day, created_at`, ended],
    ['keys_live_by_name', byName, live],
    ['keys_ended_by_name', byName, ended],
    ['keys_by_end', byEnd, unrevoked],
    ['keys_revoked_by_end', byEnd, revoked],
  ] as const) {
    await sql`create index ${sql.raw(name)} on keys (${columns}, id) where ${where}`.execute(db)
    await sql`
      create index ${sql.raw(`${name}_of_owner`)} on keys (owner_id, ${columns}, id) where ${where}`.execute(
      db,
    )
  }
  await sql`create index keys_of_creator on keys (created_by, created_at, id)`.execute(db)
  await sql`
    create index keys_by_name_part on keys using gin (name_trigrams(name)) with (gin_pending_list_limit = 256)`.execute(
    db,
  )
  await sql`
    create index secrets_of_keys_by_hint on secrets (hint collate "C", holder_id) where holder_id like 'key\\_%'`.execute(
    db,
  )
}
