import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'

/** The first notice of one end of a holder or its current secret. */
export interface FirstNotice {
  readonly holderId: string
  /** Why it ends, as notices have it: `expires`, `rotation_due`. */
  readonly cause: string
  readonly endsAt: Date
  /** When its mail was written. */
  readonly writtenAt: Date
  /** When a mail server took it for the first recipient; null: none has. */
  readonly sentAt: Date | null
}

/** The first notices about some holders since their current secrets were made, earliest first. */
export async function firstNoticesOf(db: Db, holderIds: readonly string[]): Promise<FirstNotice[]> {
  if (holderIds.length === 0) return []
  const { rows } = await sql<FirstNotice>`
    select secrets.holder_id as "holderId", notices.cause, notices.ends_at as "endsAt",
      min(notices.mailed_at) as "writtenAt",
      min(mail_deliveries.ended_at) filter (where mail_deliveries.state = 'sent') as "sentAt"
    from secrets
    join notices on notices.subject_id = any(array[secrets.id, secrets.holder_id])
    left join mail_deliveries on mail_deliveries.mail_id = notices.mail_id
    where secrets.holder_id = any(${holderIds}::text[])
      and secrets.revoked_at is null and secrets.retires_at is null
      and notices.mailed_at >= secrets.created_at
    group by 1, 2, 3
    order by 4`.execute(db)
  return rows
}
