import { sql } from 'kysely'
import type { Tx } from '../db/schema.ts'
import { USE_STORED_EVERY_SECONDS } from '../secrets/secret.ts'
import type { Counted } from './usage.ts'

/** Ids of the rows that a batch writes and has locked. */
export interface DueUses {
  readonly grants: readonly string[]
  readonly secrets: readonly string[]
}

/**
 * Locks the grants and secrets whose last use is due to be stored, and secrets to be marked as exposed: grants, then
 * secrets, each in the order of ids. Two batches, or a batch and a change, wait for each other and do not deadlock.
 *
 * The first use is stored at once, and later ones once a minute: a busy credential is in every batch of every server. In a
 * rotation each use of both secrets is stored, because what is said of the old one must not lag.
 */
export async function lockDueUses(
  tx: Tx,
  used: readonly Counted[],
  exposed: readonly Buffer[],
): Promise<DueUses> {
  if (used.length === 0 && exposed.length === 0) return { grants: [], secrets: [] }
  const ids = used.map((item) => item.credentialId)
  const latest = sql`
    select id, max(at) as at
    from unnest(${ids}::text[], ${used.map((item) => item.lastAt)}::timestamptz[]) as used (id, at)
    group by id`
  const isOld = sql`
    (last_used_at is null or last_used_at <= latest.at - make_interval(secs => ${sql.lit(USE_STORED_EVERY_SECONDS)}))`
  const { rows: grants } = await sql<{ id: string }>`
    with latest as (${latest})
    select grants.id from grants join latest on latest.id = grants.id where ${isOld}
    order by grants.id for no key update of grants`.execute(tx)
  const { rows: secrets } = await sql<{ id: string }>`
    with latest as (${latest})
    select secrets.id from secrets left join latest on latest.id = secrets.id
    where (secrets.id = any(${ids}::text[]) or secrets.hash = any(${exposed}::bytea[])) and (
      secrets.hash = any(${exposed}::bytea[])
      or ${isOld}
      or last_used_at < latest.at and exists (
        select from secrets as old
        where old.holder_id = secrets.holder_id and old.retires_at > latest.at
          and old.retired_at is null and old.revoked_at is null
      )
    )
    order by secrets.id for update of secrets`.execute(tx)
  return { grants: grants.map(({ id }) => id), secrets: secrets.map(({ id }) => id) }
}

/** Stores the last use of locked grants and secrets, where it is later than the stored one. */
export async function noteLastUse(tx: Tx, used: readonly Counted[], due: DueUses): Promise<void> {
  const ids = new Set([...due.grants, ...due.secrets])
  const items = used.filter((item) => ids.has(item.credentialId))
  if (items.length === 0) return
  await sql`
    update grants set last_used_at = latest.at
    from (
      select id, max(at) as at
      from unnest(
        ${items.map((item) => item.credentialId)}::text[], ${items.map((item) => item.lastAt)}::timestamptz[]
      ) as batch (id, at)
      group by id
    ) as latest
    where grants.id = latest.id and (grants.last_used_at is null or grants.last_used_at < latest.at)`.execute(
    tx,
  )
  await sql`
    update secrets set
      last_used_at = latest.at,
      last_used_ip = latest.ip,
      last_used_user_agent = latest.user_agent
    from (
      select distinct on (id) id, at, ip, user_agent
      from unnest(
        ${items.map((item) => item.credentialId)}::text[],
        ${items.map((item) => item.lastAt)}::timestamptz[],
        ${items.map((item) => item.lastIp)}::text[],
        ${items.map((item) => item.lastUserAgent)}::text[]
      ) as batch (id, at, ip, user_agent)
      order by id, at desc
    ) as latest
    where secrets.id = latest.id and (secrets.last_used_at is null or secrets.last_used_at < latest.at)`.execute(
    tx,
  )
}
