import { sql } from 'kysely'
import { momentAt } from '../base/moment.ts'
import type { Db } from '../db/schema.ts'
import { printableUserAgent } from '../secrets/secret.store.ts'

const DAY_MS = 24 * 3600 * 1000

/** A use of a secret of an admin key for a permission. */
export interface NotedUse {
  readonly adminKeyId: string
  readonly secretId: string
  readonly permission: string
  readonly at: Date
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Stores uses: the latest of each secret, and the last day of each permission. Rows are locked in the order of ids. */
export async function storeUses(db: Db, uses: readonly NotedUse[]): Promise<void> {
  const secretIds = [...new Set(uses.map(({ secretId }) => secretId))]
  const ats = uses.map(({ at }) => at)
  await db.transaction().execute(async (tx) => {
    await sql`
      select id from secrets where id = any(${secretIds}::text[]) order by id for no key update`.execute(tx)
    await sql`
      update secrets set
        last_used_at = latest.at, last_used_ip = latest.ip, last_used_user_agent = latest.user_agent
      from (
        select distinct on (id) id, at, ip, user_agent
        from unnest(
          ${uses.map(({ secretId }) => secretId)}::text[],
          ${ats}::timestamptz[],
          ${uses.map(({ ip }) => ip)}::text[],
          ${uses.map(({ userAgent }) => printableUserAgent(userAgent))}::text[]
        ) as noted (id, at, ip, user_agent)
        order by id, at desc
      ) as latest
      where secrets.id = latest.id and (last_used_at is null or last_used_at < latest.at)`.execute(tx)
    await sql`
      insert into exercised_permissions (admin_key_id, permission, last_day)
      select admin_key_id, permission, max(day)
      from unnest(
        ${uses.map(({ adminKeyId }) => adminKeyId)}::text[],
        ${uses.map(({ permission }) => permission)}::text[],
        ${ats.map((at) => momentAt(Math.floor(at.getTime() / DAY_MS) * DAY_MS))}::timestamptz[]
      ) as noted (admin_key_id, permission, day)
      where not exists (
        select from exercised_permissions as known
        where known.admin_key_id = noted.admin_key_id and known.permission = noted.permission
          and known.last_day >= noted.day
      )
      group by admin_key_id, permission
      order by admin_key_id, permission
      on conflict (admin_key_id, permission) do update set last_day = excluded.last_day
      where exercised_permissions.last_day < excluded.last_day`.execute(tx)
  })
}
