import { type Selectable, sql } from 'kysely'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { namesOf } from './audit-action.ts'
import type { AuditEvent, Link } from './audit-event.ts'

/** Events that one statement inserts: a statement has 65,535 parameters at most, and an event has 13. */
const EVENTS_AT_ONCE = 5_000

export async function insertEvents(tx: Tx, events: readonly AuditEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += EVENTS_AT_ONCE) {
    const rows = events.slice(at, at + EVENTS_AT_ONCE).map(toRow)
    await tx.insertInto('audit_events').values(rows).execute()
  }
}

export async function moveHead(tx: Tx, head: Link): Promise<void> {
  await tx.updateTable('audit_head').set(head).execute()
}

export interface AuditFilter {
  readonly ownerId?: string | undefined
  readonly actorId?: string | undefined
  readonly targetId?: string | undefined
  readonly action?: string | undefined
  readonly result?: 'done' | 'refused' | undefined
  readonly since?: Date | undefined
  readonly until?: Date | undefined
  /** Only events that come after this one in the list's order, newest first. */
  readonly beforeSeq?: number | undefined
}

/**
 * A page of events, newest first. A filter by an action finds the events under all names that the action has or had, by
 * one query for each name: no index has the events of both in the list's order.
 */
export async function listEvents(db: Db, filter: AuditFilter, limit: number): Promise<AuditEvent[]> {
  const names = filter.action === undefined ? [undefined] : namesOf(filter.action)
  const pages = []
  for (const action of names) pages.push(await listNamed(db, { ...filter, action }, limit))
  const [page = []] = pages
  return pages.length === 1 ? page : pages.flat().sort(orderOf(filter)).slice(0, limit)
}

function orderOf(filter: AuditFilter): (a: AuditEvent, b: AuditEvent) => number {
  return isByTime(filter)
    ? (a, b) => b.at.getTime() - a.at.getTime() || b.seq - a.seq
    : (a, b) => b.seq - a.seq
}

function isByTime({ since, until }: AuditFilter): boolean {
  return since !== undefined || until !== undefined
}

/**
 * Keyset pagination. Each filter has an index in the order of the chain. A span of time is listed in the order of time: in
 * the chain's order, a page would pass over everything that is newer than the span.
 *
 * The first filter is a column of the order, and queried by `>=` and `<=`. With `=`, Postgres knows that the column is the
 * same in all rows, takes the whole chain for sorted, and walks through the events of all others.
 */
async function listNamed(db: Db, filter: AuditFilter, limit: number): Promise<AuditEvent[]> {
  const { beforeSeq, since, until } = filter
  const byTime = isByTime(filter)
  const [first, ...others] = filtersOf(filter)
  let query = db.selectFrom('audit_events').selectAll().limit(limit)
  if (byTime) query = query.orderBy('at', 'desc')
  else if (first !== undefined) query = query.orderBy(first[0])
  query = query.orderBy('seq', 'desc')
  if (first !== undefined)
    query = byTime
      ? query.where(first[0], '=', first[1])
      : query.where(first[0], '>=', first[1]).where(first[0], '<=', first[1])
  for (const [column, value] of others) query = query.where(column, '=', value)
  if (since !== undefined) query = query.where('at', '>=', since)
  if (until !== undefined) query = query.where('at', '<', until)
  if (beforeSeq !== undefined)
    query = byTime
      ? query.where(
          sql<boolean>`(at, seq) < ((select at from audit_events where seq = ${beforeSeq}), ${beforeSeq})`,
        )
      : query.where('seq', '<', beforeSeq)
  return (await query.execute()).map(fromRow)
}

/** The given filters, most selective first. */
function filtersOf({ targetId, actorId, ownerId, action, result }: AuditFilter) {
  const all = [
    ['target_id', targetId],
    ['actor_id', actorId],
    ['owner_id', ownerId],
    ['action', action],
    ['result', result],
  ] as const
  return all.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
}

/** As the index of actions and time has it. */
const ACTION = sql`action collate "C"`

/** A span of time: its first moment, and the first one after it. */
export interface Period {
  readonly from: Date
  readonly to: Date
}

/** Position of an event in the order of time. */
export interface EventPosition {
  readonly at: Date
  readonly seq: number
}

/**
 * The events of some actions within a period, oldest first. Each action is read by itself, at most a page of it, so that
 * the cost of a page does not depend on how many events of others there are.
 *
 * The three columns are compared as one row, and are the order, as the index has them: with `action = …`, Postgres may walk
 * through all events of the period by their time.
 */
export async function eventsInPeriod(
  db: Db,
  actions: readonly string[],
  { from, to }: Period,
  after: EventPosition | null,
  limit: number,
): Promise<AuditEvent[]> {
  const { at, seq } = after ?? { at: from, seq: 0 }
  const { rows } = await sql<Selectable<Schema['audit_events']>>`
    select found.* from unnest(${actions}::text[]) as asked(action)
    cross join lateral (
      select * from audit_events
      where (${ACTION}, at, seq) > (asked.action, ${at}::timestamptz, ${seq}::bigint)
        and (${ACTION}, at, seq) < (asked.action, ${to}::timestamptz, 0)
      order by ${ACTION}, at, seq limit ${limit}
    ) as found
    order by found.at, found.seq limit ${limit}`.execute(db)
  return rows.map(fromRow)
}

/** How many events of some actions there are within a period; of each counted up to one more than `most`. */
export async function countInPeriod(
  db: Db,
  actions: readonly string[],
  { from, to }: Period,
  most: number,
): Promise<number> {
  const { rows } = await sql<{ events: number }>`
    select coalesce(sum(found.events), 0)::integer as events from unnest(${actions}::text[]) as asked(action)
    cross join lateral (
      select count(*) as events from (
        select from audit_events
        where (${ACTION}, at, seq) > (asked.action, ${from}::timestamptz, 0)
          and (${ACTION}, at, seq) < (asked.action, ${to}::timestamptz, 0)
        order by ${ACTION}, at, seq limit ${most + 1}
      ) as counted
    ) as found`.execute(db)
  return rows[0]?.events ?? 0
}

/** The event of an action on a target that is nearest to a moment: the last one before it, or the first one from then on. */
export async function nearestEvent(
  db: Db,
  side: 'before' | 'from',
  { action, targetId, at }: { readonly action: string; readonly targetId: string; readonly at: Date },
): Promise<AuditEvent | undefined> {
  const moment = sql`(${action}::text, ${at}::timestamptz, 0)`
  const [bounds, order] =
    side === 'before'
      ? [
          sql`${ACTION} >= ${action} and (${ACTION}, at, seq) < ${moment}`,
          sql`${ACTION} desc, at desc, seq desc`,
        ]
      : [sql`${ACTION} <= ${action} and (${ACTION}, at, seq) > ${moment}`, sql`${ACTION}, at, seq`]
  const { rows } = await sql<Selectable<Schema['audit_events']>>`
    select * from audit_events where ${bounds} and target_id = ${targetId} order by ${order} limit 1`.execute(
    db,
  )
  return rows[0] === undefined ? undefined : fromRow(rows[0])
}

/** The refused attempt of a request; of an owner's, if one is given. */
export async function refusedEventOf(
  db: Db,
  requestId: string,
  ownerId: string | undefined,
): Promise<AuditEvent | undefined> {
  let query = db
    .selectFrom('audit_events')
    .selectAll()
    .where('request_id', '=', requestId)
    .where('result', '=', 'refused')
    .limit(1)
  if (ownerId !== undefined) query = query.where('owner_id', '=', ownerId)
  const row = await query.executeTakeFirst()
  return row === undefined ? undefined : fromRow(row)
}

/** The latest event and its request; undefined where there is none. */
export async function latestEvent(
  db: Db,
): Promise<{ readonly id: string; readonly requestId: string | null } | undefined> {
  return await db
    .selectFrom('audit_events')
    .select(['id', 'request_id as requestId'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/**
 * True where something was done to a target after an event, by another request and not by the server itself. True as well
 * where the event is unknown: archived, or of another database.
 */
export async function changedAfter(
  db: Db,
  since: 'the start' | { readonly eventId: string },
  { targetId, exceptRequestId }: { readonly targetId: string; readonly exceptRequestId: string | null },
): Promise<boolean> {
  const seq = since === 'the start' ? sql`0` : sql`(select seq from audit_events where id = ${since.eventId})`
  const { rows } = await sql<{ changed: boolean }>`
    select ${seq} is null or exists (
      select from audit_events
      where target_id = ${targetId} and seq > ${seq} and result = 'done' and actor_kind <> 'system'
        and request_id is distinct from ${exceptRequestId}
    ) as changed`.execute(db)
  return rows[0]?.changed !== false
}

/** The next stretch of the chain, oldest first. */
export async function eventsAfter(db: Db, seq: number, limit: number): Promise<AuditEvent[]> {
  const query = db.selectFrom('audit_events').selectAll().where('seq', '>', seq).orderBy('seq').limit(limit)
  return (await query.execute()).map(fromRow)
}

/** The end of the chain. With the lock, no event is appended by others until the transaction ends. */
export async function chainHead(db: Db, lock?: 'lock'): Promise<Link> {
  const query = db.selectFrom('audit_head').select(['seq', 'hash'])
  return await (lock === undefined ? query : query.forUpdate()).executeTakeFirstOrThrow()
}

function toRow(event: AuditEvent) {
  const { actor, ownerId, targetId, requestId, detail, ...same } = event
  return {
    ...same,
    actor_kind: actor.kind,
    actor_id: actor.id,
    owner_id: ownerId,
    target_id: targetId,
    request_id: requestId,
    detail: JSON.stringify(detail),
  }
}

function fromRow(row: Selectable<Schema['audit_events']>): AuditEvent {
  const { actor_kind, actor_id, owner_id, target_id, request_id, ...same } = row
  return {
    ...same,
    actor: { kind: actor_kind as AuditEvent['actor']['kind'], id: actor_id },
    ownerId: owner_id,
    targetId: target_id,
    requestId: request_id,
  }
}
