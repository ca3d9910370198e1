import { type Kysely, sql } from 'kysely'

/** Backfills the expiry of existing keys. Apart from adding the columns, whose table lock must be short. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    update keys set ends_at = secret.ends_at
    from (
      select holder_id, max(least(expires_at, retires_at)) as ends_at
      from secrets where revoked_at is null and retired_at is null
      group by holder_id having not bool_or(least(expires_at, retires_at) is null)
    ) as secret
    where keys.id = secret.holder_id and keys.ends_at is distinct from secret.ends_at`.execute(db)
}
