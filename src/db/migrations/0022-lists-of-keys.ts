import { type Kysely, sql } from 'kysely'

/**
 * One index per order and filter of the list of keys, so that the cost of a page does not depend on the number of other
 * keys. Partial: a key is only in the indexes of its state. Those of one owner have the owner as first column:
 * `key-list.store.ts` says why.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index keys_of_environment on keys (environment, created_at, id)`.execute(db)
  await sql`create index keys_of_owner on keys (owner_id, created_at, id)`.execute(db)
  await sql`
    create index keys_of_owner_environment on keys (owner_id, environment, created_at, id)`.execute(db)
  const states = [
    ['active', sql`revoked_at is null and disabled_at is null and not lapsed`],
    ['disabled', sql`revoked_at is null and disabled_at is not null and not lapsed`],
    ['revoked', sql`revoked_at is not null`],
  ] as const
  for (const [state, is] of states) {
    await sql`create index ${sql.raw(`keys_${state}`)} on keys (created_at, id) where ${is}`.execute(db)
    await sql`
      create index ${sql.raw(`keys_${state}_of_owner`)} on keys (owner_id, created_at, id) where ${is}`.execute(
      db,
    )
  }
  const ends = sql`revoked_at is null and ends_at is not null`
  await sql`create index keys_ending on keys (ends_at, id) where ${ends}`.execute(db)
  await sql`create index keys_ending_of_owner on keys (owner_id, ends_at, id) where ${ends}`.execute(db)
  await sql`create index keys_lapsing on keys (ends_at) where ${ends} and not lapsed`.execute(db)
  const standing = sql`revoked_at is null and not lapsed`
  await sql`create index keys_quiet on keys ((-seen_day), created_at, id) where ${standing}`.execute(db)
  await sql`
    create index keys_quiet_of_owner on keys (owner_id, (-seen_day), created_at, id) where ${standing}`.execute(
    db,
  )
  await sql`create index owners_suspended on owners (id) where suspended_at is not null`.execute(db)
}
