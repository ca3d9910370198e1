import { type Kysely, sql } from 'kysely'

/** Keys that a rule disables at a date, by each of the dates. Few keys have one, unless the policy says so. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [name, column] of [
    ['keys_unrotated', 'disable_unrotated_at'],
    ['keys_unlisted', 'disable_unlisted_at'],
    ['keys_unused', 'disable_unused_at'],
  ] as const)
    await sql`
      create index ${sql.raw(name)} on keys (${sql.raw(column)}, id)
      where ${sql.raw(column)} is not null and revoked_at is null and disabled_at is null`.execute(db)
}
