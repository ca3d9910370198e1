import type { Change } from '@doorward/sdk/kernel'
import { type RawBuilder, sql } from 'kysely'
import { chainHead } from '../audit/audit-event.store.ts'
import { addSeconds } from '../base/clock.ts'
import { inBatches, ROWS_AT_ONCE } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import {
  type About,
  type Bookmark,
  type ChangesRead,
  KEPT_SECONDS,
  MAX_HASHES,
  type StoredChange,
} from './change.ts'

/** What a change wakes listeners by; a hint, and not the guarantee. */
export const CHANNEL = 'doorward_changes'

export interface Announcement {
  readonly action: string
  readonly about: About
  /** Set where the secrets are over for good. */
  readonly ended?: Change['ended']
}

/**
 * Tells every verifier, in the transaction of the change itself. The audit log's lock, which every change takes anyway,
 * is held from here to the commit: so positions are given in the order of commits, and who reads on from the last
 * position that he saw misses nothing.
 */
export async function announce(
  tx: Tx,
  now: Date,
  { action, about, ended = null }: Announcement,
): Promise<void> {
  await chainHead(tx, 'lock')
  const { hashes, ownerIds, clientIds } = subjectOf(about, now)
  await sql`
    with told as (
      select coalesce(array_agg(hash), '{}') as hashes from (${hashes ?? NO_HASHES}) as secret (hash)
    ), holders as (
      select
        array(select distinct id from (${ownerIds ?? NO_IDS}) as owner (id) limit ${MAX_HASHES + 1}) as owner_ids,
        array(select distinct id from (${clientIds ?? NO_IDS}) as client (id) limit ${MAX_HASHES + 1}) as client_ids
      from told
      where ${hashes === null} or cardinality(told.hashes) > ${MAX_HASHES}
    ), few as (
      select * from holders where cardinality(owner_ids || client_ids) between 1 and ${MAX_HASHES}
    ), head as (
      update changes_head set position = position + 1 returning position
    ), change as (
      insert into changes (position, at, action, hashes, owner_ids, client_ids, ended_reason, ended_at)
      select
        head.position, ${now}::timestamptz, ${action},
        case when not exists (select from holders) then told.hashes end,
        few.owner_ids, few.client_ids,
        ${ended?.reason ?? null}, ${ended?.at ?? null}::timestamptz
      from head cross join told left join few on true
      returning position
    )
    select pg_notify(${CHANNEL}, position::text) from change`.execute(tx)
}

type Query = RawBuilder<unknown>

/** Statements for the hashes of what is changed, null for all that the holders have; and for the holders of those. */
interface Subject {
  readonly hashes: Query | null
  readonly ownerIds?: Query
  readonly clientIds?: Query
}

const NO_HASHES = sql`select null::bytea where false`
const NO_IDS = sql`select null::text where false`
/** What has been over for so long is over by every clock: no change of its holder alters its verdict. */
const LONG_OVER_SECONDS = 86_400

/**
 * Holders are enough where all of theirs may have changed: new tokens and keys come all the time, and a list of their
 * hashes would have to hold these off to be whole.
 */
function subjectOf(about: About, now: Date): Subject {
  if (about === 'everything') return { hashes: null }
  if ('ownerId' in about) {
    const { ownerId } = about
    const clientIds = sql`select id from clients where owner_id = ${ownerId}`
    return { hashes: null, ownerIds: sql`select ${ownerId}::text`, clientIds }
  }
  if ('clientId' in about) return { hashes: null, clientIds: sql`select ${about.clientId}::text` }
  if ('tokenHash' in about) return { hashes: sql`select ${about.tokenHash}::bytea` }
  if ('secretId' in about) return { hashes: sql`select hash from secrets where id = ${about.secretId}` }
  if ('secretIds' in about) {
    const which = sql`secrets.id = any(${about.secretIds}::text[])`
    return {
      hashes: sql`select hash from secrets where ${which} limit ${MAX_HASHES + 1}`,
      ownerIds: sql`select keys.owner_id from secrets join keys on keys.id = secrets.holder_id where ${which}`,
    }
  }
  if ('holderId' in about)
    return {
      hashes: sql`
        select hash from secrets
        where holder_id = ${about.holderId}
          and coalesce(least(revoked_at, retired_at, retires_at), 'infinity') > ${addSeconds(now, -LONG_OVER_SECONDS)}
        limit ${MAX_HASHES + 1}`,
      ownerIds: sql`select owner_id from keys where id = ${about.holderId}`,
      clientIds: sql`select id from clients where id = ${about.holderId}`,
    }
  if ('familyId' in about)
    return {
      hashes: sql`select hash from access_tokens where family_id = ${about.familyId} limit ${MAX_HASHES + 1}`,
      clientIds: sql`select client_id from token_families where id = ${about.familyId}`,
    }
  const which = sql`grants.id = any(${about.grantIds}::text[])`
  return {
    hashes: sql`${tokensOfGrants(which)} limit ${MAX_HASHES + 1}`,
    clientIds: sql`select client_id from grants where ${which}`,
  }
}

/** All of them that are still kept: verifiers may have any in their caches. */
function tokensOfGrants(which: Query) {
  return sql`
    select access_tokens.hash from grants
    join token_families on token_families.grant_id = grants.id
    join access_tokens on access_tokens.family_id = token_families.id
    where ${which}`
}

/** Microseconds since the epoch, as text. */
const RUN = sql`(extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text`

/** The place behind the last change. */
export async function lastBookmark(db: Db): Promise<Bookmark> {
  const { rows } = await sql<Bookmark>`
    select head.position, coalesce(last.token, head.pruned_token)::text as token, ${RUN} as run
    from changes_head as head left join changes as last on last.position = head.position`.execute(db)
  const [bookmark] = rows
  if (bookmark === undefined) throw new Error('the outbox has no head')
  return bookmark
}

/**
 * The next changes after a bookmark, oldest first. One statement reads them together with the identity of the place that
 * they follow: in another outbox they would follow something else.
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

/** Forgets changes that nobody needs any more, and remembers the place behind them. */
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
