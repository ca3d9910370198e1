import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { NOTICE_SECONDS } from '../owners/disabling.ts'
import type { NoticeByRule } from './notice.ts'

/** A date at which a rule of the policy disables a key. */
export interface EndByRule {
  readonly id: string
  readonly ownerId: string
  readonly environment: string
  readonly endsAt: Date
}

const DATES = {
  rotation_due: 'keys.disable_unrotated_at',
  idle: 'keys.disable_unused_at',
  no_allow_list: 'keys.disable_unlisted_at',
} as const satisfies Record<NoticeByRule, string>

/** A key that was used after it got a date as unused keeps the date until a job takes it away. */
const IS_USED_AGAIN = sql`exists (
  select from secrets where secrets.holder_id = keys.id
    and secrets.last_used_at > keys.disable_unused_at - make_interval(secs => ${sql.lit(NOTICE_SECONDS)})
)`

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
    select id, disable_unrotated_at as rotation_due, disable_unlisted_at as no_allow_list,
      case when ${IS_USED_AGAIN} then null else disable_unused_at end as idle
    from keys where id = any(${ids}::text[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}
