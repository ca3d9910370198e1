import { type RawBuilder, sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Position } from '../db/keyset.ts'
import type { Db } from '../db/schema.ts'
import { isIn } from '../keys/key-conditions.store.ts'
import type { KeyCount } from '../keys/key-counts.store.ts'
import { ownerOf, type Reach } from '../management/caller.ts'
import { DEAD_OUTCOMES, type DeadOutcome } from './usage.ts'

/** A secret that has ended or is stopped, and is presented all the same. */
export interface DeadCredential {
  readonly secretId: string
  readonly hint: string
  readonly keyId: string
  readonly keyName: string
  readonly ownerId: string
  readonly environment: string
  readonly reason: DeadOutcome
  /** When it ended or was stopped; null where that cannot be told any more. */
  readonly since: Date | null
  readonly lastAt: Date
  readonly lastIp: string | null
  readonly lastUserAgent: string | null
  readonly callsLastDay: number
}

export interface DeadPage {
  readonly since: Date
  readonly now: Date
  /** Its id is the secret's id, a full stop and the reason. */
  readonly after: Position | null
  readonly limit: number
}

/** When a secret came to be refused for a reason, if it still is; null where it works again or ended in another way. */
const deadSince = (now: Date) => sql`
  case refused.outcome
    when 'revoked' then coalesce(keys.revoked_at, secrets.revoked_at)
    when 'rotated' then case when least(secrets.retired_at, secrets.retires_at) <= ${now}::timestamptz
      then least(secrets.retired_at, secrets.retires_at) end
    when 'expired' then case when secrets.expires_at <= ${now}::timestamptz then secrets.expires_at end
    when 'owner_suspended' then owners.suspended_at
    when 'disabled' then keys.disabled_at
  end`

/** Refusals that a page reads at most: those of secrets that work again are passed over. */
const MOST_READ = 5_000

/**
 * Dead credentials in use, latest knock first: read from the last refusal of each secret and reason, so that callers with
 * made-up credentials, however many, add nothing. The newest rows of one index; verifications of the last day are counted
 * only for those shown.
 */
export async function deadCredentials(
  db: Db,
  reach: Reach,
  page: DeadPage,
): Promise<{ readonly rows: readonly DeadCredential[]; readonly end: Position | null }> {
  const { now, limit } = page
  const refused = sql`
    select refused.* from last_refusals as refused
    where ${sql.join(conditions(reach, page), sql` and `)}
    order by ${order(reach)} limit ${MOST_READ}`
  // A subquery for each row: a join might read all keys first.
  const { rows } = await sql<DeadCredential>`
    select dead.*, (
      select coalesce(sum(calls), 0)::bigint from usage_minutes
      where credential_id = dead."secretId" and outcome = dead.reason
        and bucket > ${addSeconds(now, -DAY_SECONDS)}
    ) as "callsLastDay"
    from (
      select refused.credential_id as "secretId", about.*, refused.outcome as reason,
        refused.at as "lastAt", refused.ip as "lastIp", refused.user_agent as "lastUserAgent"
      from (${refused}) as refused
      cross join lateral (
        select secrets.hint, keys.id as "keyId", keys.name as "keyName", keys.owner_id as "ownerId",
          keys.environment, ${deadSince(now)} as since
        from secrets join keys on keys.id = secrets.holder_id join owners on owners.id = keys.owner_id
        where secrets.id = refused.credential_id and ${isIn(reach)} limit 1
      ) as about
      where about.since is not null
      order by refused.at desc, refused.credential_id desc, refused.outcome desc limit ${limit}
    ) as dead
    order by "lastAt" desc, "secretId" desc, reason desc`.execute(db)
  if (rows.length === limit) return { rows, end: null }
  const { rows: last } = await sql<{ at: Date; id: string }>`
    select at, credential_id || '.' || outcome as id from (${refused}) as refused
    offset ${MOST_READ - 1} limit 1`.execute(db)
  return { rows, end: last[0] ?? null }
}

const DAY_SECONDS = 24 * 3600

/** As in the partial indexes. */
const IS_DEAD = sql`refused.key_id is not null
  and refused.outcome in (${sql.join(DEAD_OUTCOMES.map((outcome) => sql.lit(outcome)))})`

/** In the list of one owner the owner is a column of the order: see `key-list.store.ts`. */
function order(reach: Reach): RawBuilder<unknown> {
  const by = sql`refused.at desc, refused.credential_id desc, refused.outcome desc`
  return ownerOf(reach) === null ? by : sql`refused.owner_id desc, ${by}`
}

function conditions(reach: Reach, { since, after }: Pick<DeadPage, 'since' | 'after'>) {
  const all: RawBuilder<unknown>[] = [IS_DEAD, sql`refused.at >= ${since}`]
  const ownerId = ownerOf(reach)
  if (ownerId !== null) all.push(sql`refused.owner_id >= ${ownerId} and refused.owner_id <= ${ownerId}`)
  if (after === null) return all
  const [id = '', outcome = ''] = after.id.split('.')
  all.push(sql`(refused.at, refused.credential_id, refused.outcome) < (${after.at}, ${id}, ${outcome})`)
  return all
}

/** Keys with dead secrets that were presented since a moment, among the latest refusals up to a limit. */
export async function countDeadCredentials(
  db: Db,
  reach: Reach,
  { since, now, limit }: Omit<DeadPage, 'after'>,
): Promise<KeyCount> {
  // A subquery for each row: a join might read all keys first.
  const { rows } = await sql<{ read: number; n: number }>`
    select count(*)::int as read, count(distinct key_id)::int as n from (
      select (
        select keys.id from secrets
        join keys on keys.id = secrets.holder_id join owners on owners.id = keys.owner_id
        where secrets.id = refused.credential_id and ${isIn(reach)} and ${deadSince(now)} is not null
      ) as key_id
      from last_refusals as refused
      where ${sql.join(conditions(reach, { since, after: null }), sql` and `)}
      order by ${order(reach)} limit ${limit + 1}
    ) as dead`.execute(db)
  const { read = 0, n = 0 } = rows[0] ?? {}
  return { count: Math.min(n, limit), atLeast: read > limit }
}
