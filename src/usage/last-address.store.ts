import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { ADDRESSES_OF_SECRET, type Counted } from './usage.ts'

/** An address from which a secret was presented, with its last call from there. */
export interface LastAddress {
  readonly secretId: string
  readonly hint: string
  readonly ip: string
  readonly at: Date
  readonly outcome: string
  readonly userAgent: string | null
}

/** Retention of an address without a further call: personal data, and an investigation is about weeks. */
const KEPT_SECONDS = 90 * 24 * 3600
/** Secrets of one key whose addresses are shown: the newest. */
const MAX_SHOWN = 20 * ADDRESSES_OF_SECRET

/**
 * Stores the latest addresses of each secret. A caller with very many of them replaces rows and adds none: of a batch only
 * the latest are written, and those that were pushed out are deleted at once. An address that goes on calling in the same
 * way is written once a minute.
 */
export async function noteAddresses(tx: Tx, counted: readonly Counted[]): Promise<void> {
  const items = counted.filter((item) => item.lastIp !== null)
  if (items.length === 0) return
  const { rows } = await sql<{ secret_id: string; is_new: boolean }>`
    insert into last_addresses (secret_id, ip, at, outcome, user_agent)
    select secret_id, ip, at, outcome, user_agent from (
      select *, row_number() over (partition by secret_id order by at desc, ip) as place from (
        select distinct on (secret_id, ip) secret_id, ip, at, outcome, user_agent
        from unnest(
          ${items.map((item) => item.credentialId)}::text[],
          ${items.map((item) => item.lastIp)}::text[],
          ${items.map((item) => item.lastAt)}::timestamptz[],
          ${items.map((item) => item.outcome)}::text[],
          ${items.map((item) => item.lastUserAgent)}::text[]
        ) as batch (secret_id, ip, at, outcome, user_agent)
        order by secret_id, ip, at desc
      ) as each
    ) as ranked
    where place <= ${sql.lit(ADDRESSES_OF_SECRET)}
    order by secret_id, ip
    on conflict (secret_id, ip) do update set
      at = excluded.at,
      outcome = excluded.outcome,
      user_agent = excluded.user_agent
    where last_addresses.at < excluded.at and (
      last_addresses.at <= excluded.at - interval '1 minute'
      or last_addresses.outcome <> excluded.outcome
      or last_addresses.user_agent is distinct from excluded.user_agent
    )
    returning secret_id, xmax = 0 as is_new`.execute(tx)
  const grown = [...new Set(rows.filter((row) => row.is_new).map((row) => row.secret_id))]
  if (grown.length === 0) return
  // Skips rows that another batch has locked: two batches must not wait for each other, and the next one deletes them.
  await sql`
    delete from last_addresses where ctid = any(array(
      select ctid from last_addresses where (secret_id, ip) in (
        select secret_id, ip from (
          select secret_id, ip, row_number() over (partition by secret_id order by at desc, ip) as place
          from last_addresses where secret_id = any(${grown}::text[])
        ) as ranked
        where place > ${sql.lit(ADDRESSES_OF_SECRET)}
      )
      for update skip locked
    ))`.execute(tx)
}

/** Latest addresses of the secrets of a key, latest first. */
export async function addressesOfKey(db: Db, keyId: string): Promise<LastAddress[]> {
  return await db
    .selectFrom('last_addresses')
    .innerJoin('secrets', 'secrets.id', 'last_addresses.secret_id')
    .select([
      'last_addresses.secret_id as secretId',
      'secrets.hint',
      'last_addresses.ip',
      'last_addresses.at',
      'last_addresses.outcome',
      'last_addresses.user_agent as userAgent',
    ])
    .where('secrets.holder_id', '=', keyId)
    .orderBy('last_addresses.at', 'desc')
    .orderBy('last_addresses.ip')
    .limit(MAX_SHOWN)
    .execute()
}

/** Deletes addresses past their retention. */
export async function forgetOldAddresses(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'last_addresses', 'at', addSeconds(now, -KEPT_SECONDS))
}
