import type { Change } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { inBatches, ROWS_AT_ONCE } from '../db/in-batches.ts'
import type { Db } from '../db/schema.ts'
import { type Bookmark, type ChangesRead, KEPT_SECONDS, type StoredChange } from './change.ts'

/** Start time of the Postgres server, in microseconds since the epoch, as text: see {@link Bookmark.run}. */
export const RUN = sql`(extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text`

/** The position after the last change. */
export async function lastBookmark(db: Db): Promise<Bookmark> {
  const { rows } = await sql<Bookmark>`
    select head.position, coalesce(last.token, head.pruned_token)::text as token, ${RUN} as run
    from changes_head as head left join changes as last on last.position = head.position`.execute(db)
  const [bookmark] = rows
  if (bookmark === undefined) throw new Error('the outbox has no head')
  return bookmark
}

/**
 * The next changes after a bookmark, oldest first. One statement reads them together with the identity of the position that
 * they follow: in another copy of the outbox they would follow another change.
 */
export async function changesAfter(db: Db, bookmark: Bookmark, limit: number): Promise<ChangesRead> {
  const { position, token, run } = bookmark
  const { rows } = await sql<Row>`
    select
      head.position as head, coalesce(last.token, head.pruned_token)::text as head_token, head.pruned_to,
      coalesce(here.token, case when head.pruned_to = ${position} then head.pruned_token end)::text as token_here,
      ${RUN} as run, change.*
    from changes_head as head
    left join changes as last on last.position = head.position
    left join changes as here on here.position = ${position}
    left join lateral (
      select * from changes where position > ${position} order by position limit ${limit}
    ) as change on true
    order by change.position`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('the outbox has no head')
  const last = { position: row.head, token: row.head_token, run: row.run }
  if (run !== row.run || position > row.head) return { changes: [], restarted: 'another_log', last }
  if (position < row.pruned_to) return { changes: [], restarted: 'changes_missed', last }
  if (token !== row.token_here) return { changes: [], restarted: 'another_log', last }
  const changes = rows.flatMap((each) => (each.position === null ? [] : [fromRow(each, each.position)]))
  return { changes, restarted: null }
}

/** Deletes changes past their retention, and keeps the position after them. */
export async function pruneChanges(db: Db, now: Date): Promise<void> {
  const before = addSeconds(now, -KEPT_SECONDS)
  await inBatches(async () => {
    const { rows } = await sql<{ taken: number }>`
      with gone as (
        delete from changes where position in (
          select position from changes where at < ${before} order by position limit ${ROWS_AT_ONCE}
        )
        returning position, token
      ), last as (
        select position, token from gone order by position desc limit 1
      ), noted as (
        update changes_head set pruned_to = last.position, pruned_token = last.token
        from last where last.position > changes_head.pruned_to
      )
      select count(*)::int as taken from gone`.execute(db)
    return rows[0]?.taken ?? 0
  })
}

interface Row {
  readonly head: number
  readonly head_token: string
  readonly pruned_to: number
  readonly token_here: string | null
  readonly run: string
  readonly position: number | null
  readonly token: string
  readonly at: Date
  readonly action: string
  readonly hashes: Uint8Array[] | null
  readonly owner_ids: string[] | null
  readonly client_ids: string[] | null
  readonly ended_reason: string | null
  readonly ended_at: Date | null
}

function fromRow(row: Row, position: number): StoredChange {
  const { token, at, action, hashes, owner_ids: ownerIds, client_ids: clientIds } = row
  const { ended_reason: reason, ended_at: endedAt } = row
  return {
    position,
    token,
    at,
    action,
    hashes: hashes?.map((hash) => Buffer.from(hash).toString('hex')) ?? null,
    holders: ownerIds === null || clientIds === null ? null : { ownerIds, clientIds },
    ended: reason === null || endedAt === null ? null : ({ reason, at: endedAt } as Change['ended']),
  }
}
