import { type RawBuilder, sql } from 'kysely'
import { momentAt } from '../base/moment.ts'
import type { Db } from '../db/schema.ts'
import { LIVE } from './key.store.ts'
import { dayOf, KEY_STATES } from './key.ts'
import { type Asked, disabledBefore, END, isShort, NEVER } from './key-conditions.store.ts'
import { LIVE_STATES } from './key-filter.ts'

/** Keys that some index has together. A filter is a part of each of its sets. */
export interface KeySet {
  readonly is: RawBuilder<boolean>
  /** The first columns of its index, by which Postgres takes that one to read a few. */
  readonly by?: RawBuilder<unknown>
  /** Of its index; `both`: of several. */
  readonly kind: 'ordered' | 'scopes' | 'names' | 'both'
}

function setsOf(asked: Asked, now: Date): readonly KeySet[] {
  const { id, ownerId, environment, q, found, scope, createdBy, states, unusedSince, expiringBefore } = asked
  if (id !== undefined) return [{ is: sql`keys.id = ${id}`, by: sql`keys.id`, kind: 'ordered' }]
  const only = states ?? KEY_STATES
  const isLive = only.every((state) => LIVE_STATES.some((live) => live === state))
  const isUnrevoked = !only.includes('revoked')
  // Postgres reads the keys that are in both indexes.
  const ofOwner = ownerId === undefined ? sql`` : sql` and ${equal(sql`keys.owner_id`, ownerId).is}`
  const sets: KeySet[] = []
  if (asked.exposedIds !== null)
    sets.push({ is: sql`keys.id = any(${asked.exposedIds}::text[])`, by: sql`keys.id`, kind: 'ordered' })
  if (createdBy !== undefined) {
    const ofCreator = equal(sql`keys.created_by`, createdBy)
    sets.push(ofCreator)
    if (ownerId !== undefined) sets.push({ is: sql`${ofCreator.is}${ofOwner}`, kind: 'both' })
  }
  if (isLive && only.length === 1 && ownerId === undefined) {
    if (only[0] === 'disabled' && !asked.someAreDue)
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
  if (asked.rotationDueBefore !== undefined && only.length === 1 && only[0] === 'active')
    sets.push({
      is: sql`keys.revoked_at is null and keys.disabled_at is null
        and keys.disable_unrotated_at < ${disabledBefore(asked.rotationDueBefore)}::timestamptz`,
      by: sql`keys.disable_unrotated_at`,
      kind: 'ordered',
    })
  if (unusedSince !== undefined && isLive)
    sets.push({
      is: sql`${LIVE} and -keys.seen_day >= ${-dayOf(unusedSince)}::integer`,
      by: sql`-keys.seen_day`,
      kind: 'ordered',
    })
  if (scope !== undefined)
    sets.push({ is: sql`keys.scopes @> array[${scope}]::text[]${ofOwner}`, kind: 'scopes' })
  // Few keys may be in all of these, where many are in each. Without the names: Postgres believes that their index has few.
  if (sets.length > 1)
    sets.push({
      is: sql.join(
        sets.map(({ is }) => is),
        sql` and `,
      ),
      kind: 'both',
    })
  if (q !== undefined && !isShort(q))
    sets.push({
      is: sql`(name_trigrams(keys.name) @> name_trigrams(${q}::text) or keys.owner_id = ${q} or keys.id = any(${found}::text[]))${ofOwner}`,
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

/** Tells whether the filter's creator probably has fewer keys than its owner. */
export async function isCreatorRarer(db: Db, { ownerId, createdBy }: Asked): Promise<boolean> {
  if (ownerId === undefined || createdBy === undefined) return false
  const sets = [equal(sql`keys.created_by`, createdBy), equal(sql`keys.owner_id`, ownerId)]
  const [ofCreator = 0, ofOwner = 0] = await estimates(db, sets)
  return ofCreator < ofOwner
}

/** Rows by the statistics of the planner: a guess, which spares to read a large set in vain. */
async function estimated(db: Db, set: KeySet): Promise<number> {
  return (await estimates(db, [set]))[0] ?? 0
}

/** An estimate for an index with an order may be so wrong: a few too many keys of it are soon read. */
const WRONG_BY = 1.5

/** Sets of the filter that probably have no more keys than this, the smallest first. */
export async function probablyOfAtMost(
  db: Db,
  asked: Asked,
  now: Date,
  most: Readonly<Record<KeySet['kind'], number>>,
): Promise<readonly KeySet[]> {
  const sets = setsOf(asked, now)
  const sizes = await estimates(db, sets)
  return sets
    .map((set, at) => ({ set, size: sizes[at] ?? 0 }))
    .filter(({ set, size }) => size <= (set.kind === 'ordered' ? WRONG_BY : 1) * most[set.kind])
    .sort((one, other) => one.size - other.size)
    .map(({ set }) => set)
}

interface Plan {
  readonly 'Plan Rows': number
  readonly Plans?: readonly Plan[]
}

async function estimates(db: Db, sets: readonly KeySet[]): Promise<readonly number[]> {
  if (sets.length === 0) return []
  const each = sets.map(({ is }) => sql`select from keys where ${is}`)
  const { rows } = await sql<{ 'QUERY PLAN': string | [{ Plan: Plan }] }>`
    explain (format json) ${sql.join(each, sql` union all `)}`.execute(db)
  const answer = rows[0]?.['QUERY PLAN'] ?? '[]'
  const [top] = (typeof answer === 'string' ? JSON.parse(answer) : answer) as [{ Plan: Plan }]
  const plans = sets.length === 1 ? [top.Plan] : (top.Plan.Plans ?? [])
  return plans.map((plan) => plan['Plan Rows'])
}
