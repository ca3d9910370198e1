import { type RawBuilder, sql } from 'kysely'
import { inBatches, ROWS_AT_ONCE } from '../db/in-batches.ts'
import type { Db } from '../db/schema.ts'
import { forgetOldScopes } from './exercised-scope.store.ts'
import { forgetOldAddresses } from './last-address.store.ts'
import { forgetOldRefusals } from './last-refusal.store.ts'
import { forgetOldNetworks } from './seen-network.store.ts'
import { coarserThan, GRAINS, type Grain, outdatedBefore } from './usage.ts'

/**
 * Roll-up: moves counts that are too old for their grain to the next coarser one, and deletes those too old for all. Each
 * statement moves its rows atomically and skips rows that another server has locked. So it may run on any server, at any
 * time, repeatedly, and stop in the middle. Then deletes what else is kept of uses, where it is too old.
 */
export async function rollUpUsage(db: Db, now: Date, rowsAtOnce = ROWS_AT_ONCE): Promise<void> {
  for (const grain of GRAINS) await inBatches(() => rollUp(db, grain, now, rowsAtOnce), rowsAtOnce)
  await forgetOldRefusals(db, now)
  await forgetOldScopes(db, now)
  await forgetOldAddresses(db, now)
  await forgetOldNetworks(db, now)
}

/** @returns number of rows removed from the finer table */
async function rollUp(db: Db, grain: Grain, now: Date, rowsAtOnce: number): Promise<number> {
  const from = tableOf(grain)
  const coarser = coarserThan(grain)
  const { rows } = await sql<{ taken: number }>`
    with old as (
      delete from ${from} where ctid = any(array(
        select ctid from ${from} where bucket < ${outdatedBefore(grain, now)}
        order by bucket limit ${sql.lit(rowsAtOnce)} for update skip locked
      ))
      returning credential_id, bucket, outcome, scope, count, calls
    )${coarser === null ? sql`` : addedTo(coarser)}
    select count(*)::int as taken from old`.execute(db)
  return rows[0]?.taken ?? 0
}

/** In primary-key order, so that two servers that add to the same rows do not deadlock. */
function addedTo(grain: Grain): RawBuilder<unknown> {
  const to = tableOf(grain)
  return sql`, added as (
      insert into ${to} (credential_id, bucket, outcome, scope, count, calls)
      select credential_id, date_trunc(${sql.lit(grain)}, bucket, 'UTC'), outcome, scope, sum(count), sum(calls)
      from old group by 1, 2, 3, 4 order by 1, 2, 3, 4
      on conflict (credential_id, bucket, outcome, scope) do update set
        count = ${to}.count + excluded.count,
        calls = ${to}.calls + excluded.calls
    )`
}

function tableOf(grain: Grain): RawBuilder<unknown> {
  return sql.table(`usage_${grain}s`)
}
