import { type RawBuilder, sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { FindingKind } from './finding.ts'

const WEEK_SECONDS = 7 * 24 * 3600
/** Findings of an owner that are read for a mail. */
const MOST_READ = 10_000
/** Holders that a mail names of each kind. */
const MOST_NAMED = 5

/** Stands for the API provider in the place of an owner. */
export const PROVIDER = ''

/** Open findings that a mail is about: an owner's own, or the provider's with all that the mail server did not take. */
function openOf(ownerId: string, now: Date): RawBuilder<unknown> {
  const own =
    ownerId === PROVIDER
      ? sql`(owner_id is null or holder_kind = 'mail' and holder_kind <> 'key')`
      : sql`owner_id = ${ownerId} and holder_kind <> 'mail'`
  return sql`${own} and (accepted_until is null or accepted_until <= ${now}::timestamptz)`
}

/** Owners after an id that have contacts, an open finding, and no mail about them within the last week. */
export async function ownersToTell(db: Db, after: string, now: Date, most: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from owners
    where id > ${after} and cardinality(notice_contacts) > 0
      and not exists (select from finding_mails where owner_id = owners.id and not ${isOver(now)})
      and exists (
        select from findings
        where findings.owner_id = owners.id and holder_kind <> 'mail'
          and (accepted_until is null or accepted_until <= ${now}::timestamptz)
      )
    order by id limit ${most}`.execute(db)
  return rows.map(({ id }) => id)
}

/** Claims the mail of this week for an owner. @returns false where another server has it, or a mail was written within the week */
export async function claimWeek(tx: Tx, ownerId: string, now: Date): Promise<boolean> {
  const { rows } = await sql`
    insert into finding_mails (owner_id, mailed_at) values (${ownerId}, ${now}::timestamptz)
    on conflict (owner_id) do update set mailed_at = excluded.mailed_at where ${isOver(now)}
    returning owner_id`.execute(tx)
  return rows.length > 0
}

/** The week of the last mail is over. A moment that a wrong clock wrote far ahead counts as over. */
function isOver(now: Date): RawBuilder<unknown> {
  return sql`(finding_mails.mailed_at <= ${addSeconds(now, -WEEK_SECONDS)}::timestamptz
    or finding_mails.mailed_at > ${addSeconds(now, WEEK_SECONDS)}::timestamptz)`
}

/** Open findings of one kind, counted up to a bound, with the newest holders. */
export interface ToldKind {
  readonly kind: FindingKind
  readonly count: number
  readonly holderIds: readonly string[]
}

export async function openByKind(db: Db, ownerId: string, now: Date): Promise<ToldKind[]> {
  const { rows } = await sql<ToldKind>`
    select kind, count(*)::int as count,
      (array_agg(holder_id order by first_seen_at desc, id desc))[1:${sql.lit(MOST_NAMED)}] as "holderIds"
    from (
      select id, kind, holder_id, first_seen_at from findings where ${openOf(ownerId, now)} limit ${MOST_READ}
    ) as findings
    group by kind order by kind`.execute(db)
  return rows
}
