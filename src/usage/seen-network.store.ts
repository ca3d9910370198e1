import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { wideNetworkOf } from '../base/network.ts'
import { forgetBefore } from '../db/in-batches.ts'
import type { Db, Tx } from '../db/schema.ts'
import { type Counted, type KeyOfSecret, startOf } from './usage.ts'

/** Networks kept of each key: the first. A key that is used from more of them roams, and a further one says nothing. */
const NETWORKS_OF_KEY = 64
/** A year and a month without a use from there. */
const KEPT_SECONDS = 400 * 24 * 3600

/**
 * Stores from which networks a key was accepted: one row for each, written once a day, and at most
 * {@link NETWORKS_OF_KEY}. A caller with very many addresses adds no more than that.
 */
export async function noteNetworks(
  tx: Tx,
  accepted: readonly Counted[],
  keys: ReadonlyMap<string, KeyOfSecret | null>,
): Promise<void> {
  const items = accepted.flatMap(({ credentialId, lastIp, lastAt }) => {
    const keyId = keys.get(credentialId)?.keyId
    const network = lastIp === null ? null : wideNetworkOf(lastIp)
    return keyId === undefined || network === null ? [] : [{ keyId, network, lastAt }]
  })
  if (items.length === 0) return
  // In one order, since two secrets of a key may be in two batches. Rows that are written today are not even locked.
  await sql`
    insert into seen_networks (key_id, network, owner_id, environment, first_at, last_at)
    select keys.id, network, keys.owner_id, keys.environment, first_at, last_at
    from (
      select *, row_number() over (partition by key_id, is_known order by first_at, network) as place
      from (
        select key_id, network, min(at) as first_at, max(at) as last_at, exists (
          select from seen_networks as known where known.key_id = batch.key_id and known.network = batch.network
        ) as is_known
        from unnest(
          ${items.map(({ keyId }) => keyId)}::text[],
          ${items.map(({ network }) => network)}::text[],
          ${items.map(({ lastAt }) => lastAt)}::timestamptz[],
          ${items.map(({ lastAt }) => startOf('day', lastAt))}::timestamptz[]
        ) as batch (key_id, network, at, day)
        where not exists (
          select from seen_networks as known
          where known.key_id = batch.key_id and known.network = batch.network and known.last_at >= batch.day
        )
        group by key_id, network
      ) as latest
    ) as placed
    join keys on keys.id = key_id
    where is_known or place + (
      select count(*) from (
        select from seen_networks as known where known.key_id = placed.key_id limit ${sql.lit(NETWORKS_OF_KEY)}
      ) as few
    ) <= ${sql.lit(NETWORKS_OF_KEY)}
    order by keys.id, network
    on conflict (key_id, network) do update set
      first_at = least(seen_networks.first_at, excluded.first_at),
      last_at = greatest(seen_networks.last_at, excluded.last_at)`.execute(tx)
}

/** Deletes networks past their retention. */
export async function forgetOldNetworks(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'seen_networks', 'last_at', addSeconds(now, -KEPT_SECONDS))
}
