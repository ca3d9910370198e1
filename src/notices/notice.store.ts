import { sql } from 'kysely'
import { newId } from '../base/id.ts'
import type { Db, Tx } from '../db/schema.ts'
import { AHEAD_SECONDS, type HolderKind, type Notice, type NoticeCause } from './notice.ts'

/** Ends closer together than this are one end: it was told already when it is moved by less. */
const SAME_END_SECONDS = 24 * 3600

/** A notice that was told before, or waits to be. */
export interface Told {
  readonly subjectId: string
  readonly cause: NoticeCause
  readonly tier: number
  readonly endsAt: Date
}

export async function toldBefore(db: Db, subjectIds: readonly string[]): Promise<readonly Told[]> {
  if (subjectIds.length === 0) return []
  const { rows } = await sql<Told>`
    select subject_id as "subjectId", cause, tier, ends_at as "endsAt" from notices
    where subject_id = any(${subjectIds}::text[])`.execute(db)
  return rows
}

/** The tiers of an end that were told before. */
export function tiersTold(told: readonly Told[], cause: NoticeCause, endsAt: Date): readonly number[] {
  const isSame = (other: Told) =>
    other.cause === cause && Math.abs(other.endsAt.getTime() - endsAt.getTime()) < SAME_END_SECONDS * 1000
  return told.filter(isSame).map(({ tier }) => tier)
}

/**
 * Claims notices: each is stored once for its subject, cause, tier and end, whatever servers do at the same time.
 *
 * @returns how many were new
 */
export async function claimNotices(
  db: Db,
  notices: readonly Omit<Notice, 'id'>[],
  now: Date,
): Promise<number> {
  if (notices.length === 0) return 0
  const rows = notices.map((notice) => ({ id: newId('ntc'), ...notice }))
  const { numAffectedRows } = await sql`
    insert into notices (id, subject_id, cause, tier, ends_at, holder_kind, holder_id, owner_id, due_at, created_at)
    select id, subject_id, cause, tier, ends_at, holder_kind, holder_id, owner_id, due_at, ${now}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows.map(toColumns))}::jsonb) as claimed(
      id text, subject_id text, cause text, tier integer, ends_at timestamptz, holder_kind text, holder_id text,
      owner_id text, due_at timestamptz
    )
    where not exists (
      select from notices as told
      where told.subject_id = claimed.subject_id and told.cause = claimed.cause and told.tier = claimed.tier
        and told.ends_at > claimed.ends_at - make_interval(secs => ${SAME_END_SECONDS})
        and told.ends_at < claimed.ends_at + make_interval(secs => ${SAME_END_SECONDS})
    )
    on conflict (subject_id, cause, tier, ends_at) do nothing`.execute(db)
  return Number(numAffectedRows ?? 0)
}

function toColumns(notice: Notice) {
  return {
    id: notice.id,
    subject_id: notice.subjectId,
    cause: notice.cause,
    tier: notice.tier,
    ends_at: notice.endsAt.toISOString(),
    holder_kind: notice.holderKind,
    holder_id: notice.holderId,
    owner_id: notice.ownerId,
    due_at: notice.dueAt.toISOString(),
  }
}

/**
 * Owners whose notices are due to be mailed; null stands for the API provider. An owner that got a mail within the last
 * day waits for the rest of it, unless something ends within two days.
 */
export async function ownersToMail(db: Db, now: Date, most: number): Promise<(string | null)[]> {
  const { rows } = await sql<{ ownerId: string | null }>`
    select owner_id as "ownerId" from notices
    where mailed_at is null and due_at <= ${now}::timestamptz
    group by owner_id
    having bool_or(cause <> 'expired' and tier <= 2) or not exists (
      select from mails
      where mails.owner_id is not distinct from notices.owner_id and mails.kind = 'notices'
        and mails.created_at > ${now}::timestamptz - make_interval(secs => ${AHEAD_SECONDS})
    )
    order by min(due_at) limit ${most}`.execute(db)
  return rows.map(({ ownerId }) => ownerId)
}

/** Locks the notices of an owner that wait for a mail, nearest end first; another server's are skipped. */
export async function lockPending(tx: Tx, ownerId: string | null, most: number): Promise<Notice[]> {
  const { rows } = await sql<Notice>`
    select id, subject_id as "subjectId", cause, tier, ends_at as "endsAt", holder_kind as "holderKind",
      holder_id as "holderId", owner_id as "ownerId", due_at as "dueAt"
    from notices
    where mailed_at is null and ${ownerId === null ? sql`owner_id is null` : sql`owner_id = ${ownerId}`}
    order by ends_at, id limit ${most} for update skip locked`.execute(tx)
  return rows
}

export async function deleteNotices(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await sql`delete from notices where id = any(${ids}::text[])`.execute(tx)
}

/** Notes which mail carries some notices. */
export async function setMailed(tx: Tx, ids: readonly string[], mailId: string, now: Date): Promise<void> {
  await sql`
    update notices set mailed_at = ${now}, mail_id = ${mailId} where id = any(${ids}::text[])`.execute(tx)
}

/** The notices of a mail, nearest end first. */
export async function noticesOfMail(db: Db, mailId: string, most: number): Promise<Notice[]> {
  const rows = await db
    .selectFrom('notices')
    .selectAll()
    .where('mail_id', '=', mailId)
    .orderBy('ends_at')
    .orderBy('id')
    .limit(most)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    subjectId: row.subject_id,
    cause: row.cause,
    tier: row.tier,
    endsAt: row.ends_at,
    holderKind: row.holder_kind as HolderKind,
    holderId: row.holder_id,
    ownerId: row.owner_id,
    dueAt: row.due_at,
  }))
}
