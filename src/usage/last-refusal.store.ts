import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Counted, KEPT_SECONDS, type KeyOfSecret, UNKNOWN } from './usage.ts'

export interface LastRefusal {
  readonly credentialId: string
  readonly outcome: string
  readonly at: Date
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Bound of rows: a dozen reasons for each secret. */
const MAX_LAST_REFUSALS = 200

/** Stores the last refusal of each secret for each reason: it shows from where a revoked secret is still used. */
export async function noteLastRefusals(
  tx: Tx,
  items: readonly Counted[],
  keys: ReadonlyMap<string, KeyOfSecret | null>,
): Promise<void> {
  if (items.length === 0) return
  const keyOf = ({ credentialId }: Counted) => keys.get(credentialId) ?? null
  await sql`
    insert into last_refusals (credential_id, outcome, at, ip, user_agent, key_id, owner_id)
    select distinct on (credential_id, outcome) credential_id, outcome, at, ip, user_agent, key_id, owner_id
    from unnest(
      ${items.map((item) => item.credentialId)}::text[],
      ${items.map((item) => item.outcome)}::text[],
      ${items.map((item) => item.lastAt)}::timestamptz[],
      ${items.map((item) => item.lastIp)}::text[],
      ${items.map((item) => item.lastUserAgent)}::text[],
      ${items.map((item) => keyOf(item)?.keyId ?? null)}::text[],
      ${items.map((item) => keyOf(item)?.ownerId ?? null)}::text[]
    ) as batch (credential_id, outcome, at, ip, user_agent, key_id, owner_id)
    order by credential_id, outcome, at desc
    on conflict (credential_id, outcome) do update set
      at = excluded.at,
      ip = excluded.ip,
      user_agent = excluded.user_agent,
      key_id = excluded.key_id,
      owner_id = excluded.owner_id
    where last_refusals.at < excluded.at`.execute(tx)
}

/** Last refusals of the secrets of a key, by secret and reason. */
export async function lastRefusalsOfKey(db: Db, keyId: string): Promise<readonly LastRefusal[]> {
  return await lastRefusals(db)
    .innerJoin('secrets', 'secrets.id', 'last_refusals.credential_id')
    .where('secrets.holder_id', '=', keyId)
    .orderBy('at', 'desc')
    .limit(MAX_LAST_REFUSALS)
    .execute()
}

/** Last uses of well-formed credentials that are unknown. */
export async function lastUnknown(db: Db): Promise<LastRefusal | undefined> {
  return await lastRefusals(db).where('credential_id', '=', UNKNOWN).executeTakeFirst()
}

/** Deletes refusals that are older than all counts. */
export async function forgetOldRefusals(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'last_refusals', 'at', addSeconds(now, -KEPT_SECONDS.day))
}

function lastRefusals(db: Db) {
  return db
    .selectFrom('last_refusals')
    .select(['credential_id as credentialId', 'outcome', 'at', 'ip', 'user_agent as userAgent'])
}
