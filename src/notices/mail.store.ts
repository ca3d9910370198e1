import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { newId } from '../base/id.ts'
import { forgetBefore } from '../db/in-batches.ts'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Tx } from '../db/schema.ts'
import type { MailContent } from '../mail/mail-content.ts'
import { ownerOf, type Reach } from '../management/caller.ts'
import {
  type Delivery,
  GIVEN_UP_AFTER_SECONDS,
  LEASE_SECONDS,
  type MailState,
  secondsToRetry,
} from './mail.ts'

/** Stores a mail with a delivery for each recipient; without one, a delivery that says so. @returns their ids */
export async function insertMail(
  tx: Tx,
  mail: { readonly kind: Delivery['kind']; readonly ownerId: string | null; readonly content: MailContent },
  recipients: readonly string[],
  now: Date,
): Promise<{ readonly mailId: string; readonly deliveryIds: readonly string[] }> {
  const { kind, ownerId, content } = mail
  const mailId = newId('mai')
  const common = { mail_id: mailId, owner_id: ownerId, created_at: now }
  await tx
    .insertInto('mails')
    .values({ id: mailId, kind, owner_id: ownerId, created_at: now, content: JSON.stringify(content) })
    .execute()
  const deliveries = [
    ...recipients.map((recipient) => ({ recipient, state: 'waiting' as const, next_attempt_at: now })),
    ...(recipients.length === 0
      ? [{ recipient: null, state: 'nobody' as const, next_attempt_at: null, ended_at: now }]
      : []),
  ].map((each) => ({ id: newId('eml'), ...common, ...each }))
  await tx.insertInto('mail_deliveries').values(deliveries).execute()
  return { mailId, deliveryIds: deliveries.map(({ id }) => id) }
}

/** A delivery that this server attempts. Its number is a fence: an attempt that another server took over settles nothing. */
export interface Attempt {
  readonly id: string
  readonly number: number
  readonly recipient: string
  readonly createdAt: Date
  readonly content: MailContent
}

/** Claims deliveries that are due, for as long as a lease. A moment that a wrong clock wrote far ahead counts as due. */
export async function claimDeliveries(db: Db, now: Date, most: number): Promise<Attempt[]> {
  const { rows } = await sql<Attempt>`
    with claimed as (
      update mail_deliveries
      set attempts = attempts + 1, last_attempt_at = ${now}, next_attempt_at = ${addSeconds(now, LEASE_SECONDS)}
      where id in (
        select id from mail_deliveries
        where state = 'waiting'
          and (next_attempt_at <= ${now} or next_attempt_at > ${addSeconds(now, 2 * secondsToRetry(99))})
        order by next_attempt_at, id limit ${most} for update skip locked
      )
      returning id, attempts, recipient, created_at, mail_id
    )
    select claimed.id, attempts as number, recipient, claimed.created_at as "createdAt", content
    from claimed join mails on mails.id = mail_id order by claimed.id`.execute(db)
  return rows
}

/** Stores how an attempt ended, unless another server has taken it over. */
export async function settleAttempt(
  db: Db,
  { id, number, createdAt }: Attempt,
  {
    result,
    answer,
  }: { readonly result: 'sent' | 'refused' | 'failed' | 'unreachable'; readonly answer: string },
  now: Date,
): Promise<void> {
  const retryAt = addSeconds(now, secondsToRetry(number))
  const isLate = retryAt >= addSeconds(createdAt, GIVEN_UP_AFTER_SECONDS)
  const state: MailState =
    result === 'sent' || result === 'refused' ? result : isLate ? 'given_up' : 'waiting'
  await db
    .updateTable('mail_deliveries')
    .set({
      ...{ state, answer, next_attempt_at: state === 'waiting' ? retryAt : null },
      ...(state === 'waiting' ? {} : { ended_at: now }),
    })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .where('attempts', '=', number)
    .execute()
}

/** Gives up what has waited for too long while no mail server was configured. */
export async function giveUpOld(db: Db, now: Date, answer: string): Promise<void> {
  await db
    .updateTable('mail_deliveries')
    .set({ state: 'given_up', answer, next_attempt_at: null, ended_at: now })
    .where('state', '=', 'waiting')
    .where('created_at', '<=', addSeconds(now, -GIVEN_UP_AFTER_SECONDS))
    .execute()
}

export interface DeliveryFilter {
  readonly state?: MailState | undefined
  readonly ownerId?: string | undefined
}

export async function listDeliveries(
  db: Db,
  reach: Reach,
  { state, ownerId }: DeliveryFilter,
  page: PageRequest,
): Promise<Delivery[]> {
  let query = newestFirst(deliveries(db, reach), ['mail_deliveries.created_at', 'mail_deliveries.id'], page)
  if (state !== undefined) query = query.where('state', '=', state)
  if (ownerId !== undefined) query = query.where('mail_deliveries.owner_id', '=', ownerId)
  return await query.execute()
}

export async function findDelivery(
  db: Db,
  reach: Reach,
  id: string,
): Promise<(Delivery & { readonly content: MailContent }) | undefined> {
  const row = await deliveries(db, reach)
    .select('content')
    .where('mail_deliveries.id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : { ...row, content: row.content as MailContent }
}

function deliveries(db: Db, reach: Reach) {
  const query = db
    .selectFrom('mail_deliveries')
    .innerJoin('mails', 'mails.id', 'mail_id')
    .select([
      'mail_deliveries.id',
      'mail_id as mailId',
      'kind',
      'mail_deliveries.owner_id as ownerId',
      'recipient',
      sql<string>`content ->> 'subject'`.as('subject'),
      'state',
      'mail_deliveries.created_at as createdAt',
      'attempts',
      'next_attempt_at as nextAttemptAt',
      'last_attempt_at as lastAttemptAt',
      'answer',
      'ended_at as endedAt',
    ])
  const ownerId = ownerOf(reach)
  return ownerId === null ? query : query.where('mail_deliveries.owner_id', '=', ownerId)
}

/** Numbers of deliveries that wait, and of those that nobody got within the last days; each counted up to a bound. */
export async function countDeliveries(
  db: Db,
  now: Date,
): Promise<{ readonly waiting: number; readonly failed: number }> {
  const { rows } = await sql<{ waiting: number; failed: number }>`
    select
      (select count(*) from (
        select from mail_deliveries where state = 'waiting' limit 1000
      ) as few) as waiting,
      (select count(*) from (
        select from mail_deliveries
        where created_at > ${addSeconds(now, -7 * 24 * 3600)} and state in ('refused', 'given_up', 'nobody')
        limit 1000
      ) as few) as failed`.execute(db)
  return { waiting: Number(rows[0]?.waiting ?? 0), failed: Number(rows[0]?.failed ?? 0) }
}

/** The audit log keeps the acts; what people were told of them is kept for so long. */
const MAILS_DAYS = 90

/** Removes old mails with their deliveries, and notices of ends that nothing can move any more. */
export async function forgetOldMails(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -MAILS_DAYS * 24 * 3600)
  await forgetBefore(db, 'mails', 'created_at', before)
  await forgetBefore(db, 'notices', 'ends_at', before)
}
