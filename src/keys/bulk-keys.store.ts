import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { Reach } from '../management/caller.ts'
import { conditionsOf, resolve, TOO_BROAD } from './key-conditions.store.ts'
import type { KeyFilter } from './key-filter.ts'
import { ORDERS, walked, walksOf } from './key-orders.store.ts'
import { setOfAtMost } from './key-sets.store.ts'

/** Keys that one bulk change may be for. */
export const MOST_SELECTED = 10_000
/** Rows that may be read to find them. */
const MOST_READ = 100_000
const SETS = { ordered: MOST_READ, names: MOST_READ, scopes: MOST_READ, both: MOST_READ }

/** Ids of all keys that match a filter, in the order of ids by their bytes; `too_many` where a bound is reached. */
export async function selectKeys(
  db: Db,
  reach: Reach,
  filter: KeyFilter,
  now: Date,
): Promise<readonly string[] | 'too_many'> {
  const asked = await resolve(db, reach, filter, now)
  if (asked === null) return []
  if (asked === TOO_BROAD) return 'too_many'
  const set = await setOfAtMost(db, asked, now, SETS)
  const found = new Set<string>()
  const parts =
    set === null
      ? walksOf(asked, 'created', now).map((walk) => ({
          from: walked(walk, ORDERS.created, null, MOST_READ),
          where: conditionsOf({ ...asked, ...walk.fulfils }, now),
          isBounded: walk.few !== true,
        }))
      : [
          {
            from: sql`select keys.* from keys where ${set.is} offset 0`,
            where: conditionsOf(asked, now),
            isBounded: false,
          },
        ]
  for (const { from, where, isBounded } of parts) {
    const { rows } = await sql<{ id: string }>`
      select keys.id from (${from}) as keys where ${sql.join([sql`true`, ...where], sql` and `)}
      limit ${MOST_SELECTED + 1}`.execute(db)
    for (const { id } of rows) found.add(id)
    if (found.size > MOST_SELECTED) return 'too_many'
    if (isBounded && (await isLonger(db, from))) return 'too_many'
  }
  return [...found].sort()
}

async function isLonger(db: Db, from: ReturnType<typeof walked>): Promise<boolean> {
  const { rows } = await sql`select 1 as one from (${from}) as keys offset ${MOST_READ - 1} limit 1`.execute(
    db,
  )
  return rows.length > 0
}

/** Identifies a selection: which keys are still to be changed, and nothing about them. */
export function fingerprintOf(ids: readonly string[]): string {
  return createHash('sha256').update(ids.join('\n')).digest('base64url')
}

export interface SelectedCounts {
  readonly usedLastDay: number
  readonly owners: number
}

/** Counts those of some keys that were used since a moment, and their owners. */
export async function countSelected(db: Db, ids: readonly string[], since: Date): Promise<SelectedCounts> {
  const { rows } = await sql<SelectedCounts>`
    select count(distinct owner_id)::int as owners,
      (count(*) filter (where exists (
        select from secrets where holder_id = keys.id and last_used_at >= ${since}::timestamptz
      )))::int as "usedLastDay"
    from keys where id = any(${ids}::text[])`.execute(db)
  return rows[0] ?? { usedLastDay: 0, owners: 0 }
}

/** Some keys that break first: the latest use first, then those without one. */
export async function mostInUse(db: Db, ids: readonly string[], limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select keys.id from keys
    left join lateral (select max(last_used_at) as at from secrets where holder_id = keys.id) as used on true
    where keys.id = any(${ids}::text[])
    order by used.at desc nulls last, keys.id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}
