import { type RawBuilder, sql } from 'kysely'
import { momentAt } from '../base/moment.ts'
import type { Db } from '../db/schema.ts'
import { LIVE } from './key.store.ts'
import { dayOf, KEY_STATES } from './key.ts'
import { type Asked, END, isShort, NEVER } from './key-conditions.store.ts'
import { LIVE_STATES } from './key-filter.ts'

/** Keys that some index has together. A filter is a part of each of its sets. */
export interface KeySet {
  readonly is: RawBuilder<boolean>
  /** The first columns of its index, by which Postgres takes that one to read a few. */
  readonly by?: RawBuilder<unknown>
  /** Of its index. */
  readonly kind: 'ordered' | 'scopes' | 'names'
}

function setsOf(asked: Asked, now: Date): readonly KeySet[] {
  const { id, ownerId, environment, q, found, scope, createdBy, states, unusedSince, expiringBefore } = asked
  if (id !== undefined) return [{ is: sql`keys.id = ${id}`, by: sql`keys.id`, kind: 'ordered' }]
  const only = states ?? KEY_STATES
  const isLive = only.every((state) => LIVE_STATES.some((live) => live === state))
  const isUnrevoked = !only.includes('revoked')
  const sets: KeySet[] = []
  if (asked.exposedIds !== null)
    sets.push({ is: sql`keys.id = any(${asked.exposedIds}::text[])`, by: sql`keys.id`, kind: 'ordered' })
  if (createdBy !== undefined) sets.push(equal(sql`keys.created_by`, createdBy))
  if (isLive && only.length === 1 && ownerId === undefined) {
    if (only[0] === 'disabled')
      sets.push({
        is: sql`${LIVE} and keys.disabled_at is not null`,
        by: sql`keys.created_at`,
        kind: 'ordered',
      })
    if (only[0] === 'suspended') sets.push(OF_SUSPENDED_OWNERS)
  }
  if (asked.neverUsed === true && isLive)
    sets.push({ is: sql`${LIVE} and keys.used_day <= 0`, by: sql`keys.used_day`, kind: 'ordered' })
  if (asked.noExpiry === true && isUnrevoked)
    sets.push({ is: sql`keys.revoked_at is null and ${END} >= ${NEVER}`, by: END, kind: 'ordered' })
  if (expiringBefore !== undefined && isUnrevoked)
    sets.push({
      is: sql`keys.revoked_at is null and ${END} < ${expiringBefore}::timestamptz
        and ${END} > ${isLive ? now : momentAt(0)}::timestamptz`,
      by: END,
      kind: 'ordered',
    })
  if (unusedSince !== undefined && isLive)
    sets.push({
      is: sql`${LIVE} and -keys.seen_day >= ${-dayOf(unusedSince)}::integer`,
      by: sql`-keys.seen_day`,
      kind: 'ordered',
    })
  if (scope !== undefined) sets.push({ is: sql`keys.scopes @> array[${scope}]::text[]`, kind: 'scopes' })
  if (q !== undefined && !isShort(q))
    sets.push({
      is: sql`(name_trigrams(keys.name) @> name_trigrams(${q}::text) or keys.owner_id = ${q} or keys.id = any(${found}::text[]))`,
      kind: 'names',
    })
  // Last: an environment has many keys, as a rule.
  if (environment !== undefined) sets.push(equal(sql`keys.environment`, environment))
  // Not for itself: the keys of one owner have indexes in each order.
  return ownerId === undefined || sets.length === 0 ? sets : [equal(sql`keys.owner_id`, ownerId), ...sets]
}

/** Compared as `walked` in `key-orders.store.ts` does, for the same reason. */
function equal(column: RawBuilder<unknown>, value: string): KeySet {
  return {
    is: sql`${column} >= ${value} and ${column} <= ${value}`,
    by: sql`${column}, keys.created_at`,
    kind: 'ordered',
  }
}

/** Few owners are suspended, and Postgres takes the keys of each. */
const OF_SUSPENDED_OWNERS: KeySet = {
  is: sql`${LIVE} and keys.owner_id in (
    select id from owners where suspended_at is not null order by id offset 0
  )`,
  kind: 'ordered',
}

/** The first set of the filter that has no more keys than this. */
export async function setOfAtMost(
  db: Db,
  asked: Asked,
  now: Date,
  most: Readonly<Record<KeySet['kind'], number>>,
): Promise<KeySet | null> {
  for (const set of setsOf(asked, now)) {
    const bound = most[set.kind]
    // Of an index without an order, reading a few costs as much as reading all.
    if (set.kind !== 'ordered' && (await estimated(db, set)) > bound) continue
    const by = set.by === undefined ? sql`` : sql`order by ${set.by}`
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n
      from (select from keys where ${set.is} ${by} limit ${bound + 1}) as few`.execute(db)
    if ((rows[0]?.n ?? 0) <= bound) return set
  }
  return null
}

/** Rows by the statistics of the planner: a guess, which spares to read a large set in vain. */
async function estimated(db: Db, { is }: KeySet): Promise<number> {
  const { rows } = await sql<{ 'QUERY PLAN': string | [{ Plan: { 'Plan Rows': number } }] }>`
    explain (format json) select from keys where ${is}`.execute(db)
  const plan = rows[0]?.['QUERY PLAN'] ?? '[]'
  const [top] = typeof plan === 'string' ? JSON.parse(plan) : plan
  return top?.Plan['Plan Rows'] ?? 0
}
