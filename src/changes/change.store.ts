import type { Change } from '@doorward/sdk/kernel'
import { sql } from 'kysely'
import { chainHead } from '../audit/audit-event.store.ts'
import { addSeconds } from '../base/clock.ts'
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
  await sql`
    with told as (
      select array_agg(hash) as hashes from (${secretsOf(about)}) as secret
    ), head as (
      update changes_head set position = position + 1 returning position
    ), change as (
      insert into changes (position, at, action, hashes, ended_reason, ended_at)
      select
        head.position, ${now}::timestamptz, ${action},
        case when ${isWide(about)} or cardinality(told.hashes) > ${MAX_HASHES} then null
        else coalesce(told.hashes, '{}') end,
        ${ended?.reason ?? null}, ${ended?.at ?? null}::timestamptz
      from head, told
      returning position
    )
    select pg_notify(${CHANNEL}, position::text) from change`.execute(tx)
}

function secretsOf(about: About) {
  if (about === 'everything') return sql`select hash from secrets where false`
  if ('secretId' in about) return sql`select hash from secrets where id = ${about.secretId}`
  if ('secretIds' in about)
    return sql`
      select hash from secrets where id = any(${about.secretIds}::text[]) limit ${MAX_HASHES + 1}`
  if ('holderId' in about) return sql`select hash from secrets where holder_id = ${about.holderId}`
  if ('tokenHash' in about) return sql`select ${about.tokenHash}::bytea as hash`
  if ('familyId' in about) return sql`select hash from access_tokens where family_id = ${about.familyId}`
  if ('grantIds' in about)
    return sql`${tokensOfGrants(sql`grants.id = any(${about.grantIds}::text[])`)} limit ${MAX_HASHES + 1}`
  if ('clientId' in about) return sql`select hash from secrets where holder_id = ${about.clientId}`
  return sql`
    select secrets.hash from secrets join keys on keys.id = secrets.holder_id
    where keys.owner_id = ${about.ownerId} and secrets.revoked_at is null and keys.revoked_at is null
    limit ${MAX_HASHES + 1}`
}

/**
 * Whether to tell "everything" instead: where a client or an owner may have tokens. New ones come all the time, and
 * holding them off, for the list to be whole, would have every token request lock the client's and the owner's row. So
 * what counts is whether a client can have some: its first one may come between this and the commit.
 */
function isWide(about: About) {
  if (about === 'everything') return sql`true`
  if ('clientId' in about)
    return sql`(
      exists (select from grants where client_id = ${about.clientId})
      or exists (select from clients where id = ${about.clientId} and 'client_credentials' = any(grant_types))
      or exists (select from access_tokens where client_id = ${about.clientId} and family_id is null)
    )`
  if ('ownerId' in about)
    return sql`(
      exists (select from grants where owner_id = ${about.ownerId})
      or exists (select from clients where owner_id = ${about.ownerId})
    )`
  return sql`false`
}

/** All of them that are still kept: verifiers may have any in their caches. */
function tokensOfGrants(which: ReturnType<typeof sql>) {
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
  await sql`
    with gone as (
      delete from changes where at < ${addSeconds(now, -KEPT_SECONDS)} returning position, token
    ), last as (
      select position, token from gone order by position desc limit 1
    )
    update changes_head set pruned_to = last.position, pruned_token = last.token
    from last where last.position > changes_head.pruned_to`.execute(db)
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
  readonly ended_reason: string | null
  readonly ended_at: Date | null
}

function fromRow(row: Row, position: number): StoredChange {
  const { token, at, action, hashes, ended_reason: reason, ended_at: endedAt } = row
  return {
    position,
    token,
    at,
    action,
    hashes: hashes?.map((hash) => Buffer.from(hash).toString('hex')) ?? null,
    ended: reason === null || endedAt === null ? null : ({ reason, at: endedAt } as Change['ended']),
  }
}
