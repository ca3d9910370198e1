import { type RawBuilder, sql } from 'kysely'
import { momentAt } from '../base/moment.ts'
import type { Db } from '../db/schema.ts'
import { ownerOf, type Reach } from '../management/caller.ts'
import { ALL, GRAIN_SECONDS, GRAINS, type Grain, underOwner, type Window } from './usage.ts'

/** One bucket of counts. Its grain is coarser than the requested one where the counts are that old. */
interface InBucket {
  readonly bucket: Date
  readonly grain: Grain
  readonly outcome: string
}

export interface KeyCount extends InBucket {
  readonly credentialId: string
  readonly scope: string
  readonly count: number
  readonly calls: number
}

export interface Total extends InBucket {
  readonly calls: number
}

/** A key's counts, newest first, up to a limit. */
export async function countsOfKey(
  db: Db,
  keyId: string,
  window: Window,
  limit: number,
): Promise<readonly KeyCount[]> {
  const ofKey = sql`credential_id in (select id from secrets where holder_id = ${keyId})`
  const { rows } = await sql<KeyCount>`
    select credential_id as "credentialId", scope, outcome, grain, bucket,
      sum(count)::bigint as count, sum(calls)::bigint as calls
    from (${counted(window, ofKey)}) as counted
    group by credential_id, scope, outcome, grain, bucket
    order by bucket desc, credential_id, scope, outcome, grain
    limit ${limit}`.execute(db)
  return rows
}

/** Verifications by outcome over all keys within reach, newest first, up to a limit. */
export async function totals(db: Db, reach: Reach, window: Window, limit: number): Promise<readonly Total[]> {
  const ownerId = ownerOf(reach)
  const within = sql`credential_id = ${ownerId === null ? ALL : underOwner(ownerId)}`
  const { rows } = await sql<Total>`
    select outcome, grain, bucket, sum(calls)::bigint as calls
    from (${counted(window, within)}) as counted
    group by outcome, grain, bucket
    having sum(calls) > 0
    order by bucket desc, outcome, grain
    limit ${limit}`.execute(db)
  return rows
}

/**
 * Rows of all three tables, in buckets of the requested grain, or of their own where that is coarser. One statement, so
 * that a concurrent roll-up is not counted twice. A coarser bucket is included where it overlaps.
 */
function counted(window: Window, where: RawBuilder<unknown>): RawBuilder<unknown> {
  const until = sinceEpoch(window.until.getTime())
  const parts = GRAINS.map((own) => {
    const finer = GRAINS.indexOf(own) < GRAINS.indexOf(window.grain)
    const grain = finer ? window.grain : own
    const bucket = finer ? sql`date_trunc(${sql.lit(grain)}, bucket, 'UTC')` : sql`bucket`
    const after = sinceEpoch(window.since.getTime() - GRAIN_SECONDS[own] * 1000)
    return sql`
      select credential_id, scope, outcome, ${sql.lit(grain)} as grain, ${bucket} as bucket, count, calls
      from ${sql.table(`usage_${own}s`)}
      where bucket > ${after} and bucket < ${until} and ${where}`
  })
  return sql.join(parts, sql` union all `)
}

/** Lower bound: nothing was counted before, and PGlite refuses the year 0, which ISO 8601 has. */
function sinceEpoch(ms: number): Date {
  return momentAt(Math.max(0, ms))
}
