import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { Reach } from '../management/caller.ts'
import { KEY_STATES, type KeyState } from './key.ts'
import { type Asked, conditionsOf, resolve, TOO_BROAD } from './key-conditions.store.ts'
import type { KeyFilter } from './key-filter.ts'
import { ORDERS, walked, walksOf } from './key-orders.store.ts'
import { type KeySet, setOfAtMost } from './key-sets.store.ts'

/** A count that was read up to a bound: `atLeast` where there may be more. */
export interface KeyCount {
  readonly count: number
  readonly atLeast: boolean
}

export type KeyCounts = Readonly<Record<KeyState, KeyCount>>

/** Counts are exact up to here, unless more rows than the second number would have to be read. */
export const MOST_COUNTED = 10_000
const MOST_READ = 12_000
const LARGEST_SET = { ordered: MOST_READ, names: MOST_READ, scopes: MOST_READ, both: MOST_READ }

const NONE: KeyCount = { count: 0, atLeast: false }

/** Counts the keys that match a filter, by state. */
export async function countKeys(
  db: Db,
  reach: Reach,
  filter: Omit<KeyFilter, 'states'>,
  now: Date,
): Promise<KeyCounts | typeof TOO_BROAD> {
  const counts: [KeyState, KeyCount][] = []
  const asked = await resolve(db, reach, { ...filter, states: KEY_STATES }, now)
  if (asked === TOO_BROAD) return TOO_BROAD
  const set = asked === null ? null : await setOfAtMost(db, asked, now, LARGEST_SET)
  for (const state of KEY_STATES) {
    const of = asked?.states?.includes(state) === true ? { ...asked, states: [state] } : null
    counts.push([
      state,
      of === null ? NONE : await (set === null ? walk(db, of, now) : countIn(db, of, set, now)),
    ])
  }
  return Object.fromEntries(counts) as unknown as KeyCounts
}

/** Counts the keys that match a filter, in one walk for all states that it selects. */
export async function countMatching(
  db: Db,
  reach: Reach,
  filter: KeyFilter,
  now: Date,
): Promise<KeyCount | typeof TOO_BROAD> {
  const asked = await resolve(db, reach, filter, now)
  if (asked === null) return NONE
  if (asked === TOO_BROAD) return TOO_BROAD
  const set = await setOfAtMost(db, asked, now, LARGEST_SET)
  return await (set === null ? walk(db, asked, now) : countIn(db, asked, set, now))
}

/** The sum of some counts, up to the bound. */
export function sumOf(counts: readonly KeyCount[]): KeyCount {
  const sum = counts.reduce((total, { count }) => total + count, 0)
  return {
    count: Math.min(sum, MOST_COUNTED),
    atLeast: sum > MOST_COUNTED || counts.some(({ atLeast }) => atLeast),
  }
}

async function countIn(db: Db, asked: Asked, { is }: KeySet, now: Date): Promise<KeyCount> {
  const where = sql.join([is, ...conditionsOf(asked, now)], sql` and `)
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from (select from keys where ${where} limit ${MOST_COUNTED + 1}) as keys`.execute(
    db,
  )
  return sumOf([{ count: rows[0]?.n ?? 0, atLeast: false }])
}

async function walk(db: Db, asked: Asked, now: Date): Promise<KeyCount> {
  const suspended = asked.ownerIsSuspended === null && asked.states?.[0] === 'suspended'
  const set = suspended ? await setOfAtMost(db, asked, now, LARGEST_SET) : null
  if (set !== null) return await countIn(db, asked, set, now)
  const counts: KeyCount[] = []
  for (const part of walksOf(asked, 'created', now)) {
    const where = sql.join([sql`true`, ...conditionsOf({ ...asked, ...part.fulfils }, now)], sql` and `)
    const rows = walked(part, ORDERS.created, null, MOST_READ)
    const { rows: found } = await sql<{ n: number; read: number }>`
      select count(*) filter (where ${where})::int as n, count(*)::int as read from (${rows}) as keys`.execute(
      db,
    )
    const { n, read } = found[0] ?? { n: 0, read: 0 }
    counts.push({ count: n, atLeast: part.few !== true && read === MOST_READ })
  }
  return sumOf(counts)
}
