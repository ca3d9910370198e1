import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { DATE_COLUMNS, IS_USED_AGAIN } from '../owners/key-dates.store.ts'
import type { NoticeByRule } from './notice.ts'

/** A date at which a rule of the policy disables a key. */
export interface EndByRule {
  readonly id: string
  readonly ownerId: string
  readonly environment: string
  readonly endsAt: Date
}

const DATES = {
  rotation_due: DATE_COLUMNS.rotate_every_days,
  idle: DATE_COLUMNS.disable_unused_after_days,
  no_allow_list: DATE_COLUMNS.ip_allowlist_required,
} as const satisfies Record<NoticeByRule, string>

/** Keys that a rule disables within a span of time, soonest first, after a position. One that expires before is none. */
export async function keysEndingBy(
  db: Db,
  cause: NoticeByRule,
  { from, until }: { readonly from: Date; readonly until: Date },
  after: EndByRule | null,
  most: number,
): Promise<EndByRule[]> {
  const date = sql.raw(DATES[cause])
  const position = after ?? { endsAt: from, id: '' }
  const { rows } = await sql<EndByRule>`
    select id, owner_id as "ownerId", environment, ${date} as "endsAt" from keys
    where ${date} is not null and revoked_at is null and disabled_at is null
      and (${date}, id) > (${position.endsAt}::timestamptz, ${position.id}::text) and ${date} <= ${until}::timestamptz
      and (ends_at is null or ends_at > ${date})
      ${cause === 'idle' ? sql`and not ${IS_USED_AGAIN}` : sql``}
    order by ${date}, id limit ${most}`.execute(db)
  return rows
}

/** The dates at which rules disable some keys, by key. */
export async function endsByRule(
  db: Db,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<NoticeByRule, Date | null>>>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<Record<NoticeByRule, Date | null> & { id: string }>`
    select id, ${sql.raw(DATES.rotation_due)} as rotation_due, ${sql.raw(DATES.no_allow_list)} as no_allow_list,
      case when ${IS_USED_AGAIN} then null else ${sql.raw(DATES.idle)} end as idle
    from keys where id = any(${ids}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}
