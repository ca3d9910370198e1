import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { Reach } from '../management/caller.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { creatorName, fromRow, type KeyRow } from './key.store.ts'
import type { Key } from './key.ts'
import { type Asked, conditionsOf, resolve, SUSPENDED_AT, TOO_BROAD } from './key-conditions.store.ts'
import type { KeyFilter, KeyPosition, KeySort, OrderName } from './key-filter.ts'
import {
  isAfter,
  named,
  ORDERS,
  orderOf,
  positionOf,
  sorted,
  type Walk,
  walked,
  walksOf,
} from './key-orders.store.ts'
import { isCreatorRarer, type KeySet, probablyOfAtMost, setOfAtMost } from './key-sets.store.ts'

export interface KeyPageRequest {
  /** Null: the first page. */
  readonly after: KeyPosition | null
  readonly limit: number
  readonly now: Date
  readonly sort?: KeySort | undefined
}

/** A page may be short, even empty, and still have a next one: a request reads so many rows at most. */
export interface KeyPage {
  readonly keys: readonly Key[]
  readonly next: KeyPosition | null
}

/** Rows that a walk may read before larger sets are tried, and after. */
const FIRST_WALK = 2_000
const SECOND_WALK = 8_000
/**
 * A set that is no larger is read as a whole, and sorted: at once, or where a walk has failed. Larger for scopes: keys that a
 * walk does not meet were made together, and lie together.
 */
const SMALL_SET = { ordered: 100, names: 5_000, scopes: 5_000, both: 2_000 }
const LARGE_SET = { ordered: 10_000, names: 10_000, scopes: 100_000, both: 10_000 }
/** A set is larger than it was thought to be; of hostile filters all might. */
const MOST_SETS = 2

const NOTHING: KeyPage = { keys: [], next: null }

/**
 * One page of keys, by keyset pagination (ADR 32). Walks along the indexes of the order, and checks the filter row by
 * row; a filter that few keys match is read as a whole instead. Neither reads more than a bounded number of rows.
 */
export async function listKeys(
  db: Db,
  reach: Reach,
  filter: KeyFilter,
  { after, limit, now, sort }: KeyPageRequest,
): Promise<KeyPage | typeof TOO_BROAD | 'foreign_position'> {
  const asked = await resolve(db, reach, filter, now)
  if (asked === null) return NOTHING
  if (asked === TOO_BROAD) return TOO_BROAD
  const name = orderOf(asked, sort)
  if (after !== null && after.order !== name) return 'foreign_position'
  const list = { asked, name, after, limit, now, reach }

  const small = await setOfAtMost(db, asked, now, SMALL_SET)
  const page = small === null ? null : await fromSet(db, list, small, SMALL_SET[small.kind])
  if (page !== null) return page
  const walk = { ...list, asked: { ...asked, isCreatorRarer: await isCreatorRarer(db, asked) } }
  const begun = await fromWalks(db, walk, FIRST_WALK, true)
  if (!begun.isCutShort) return begun
  const found = begun.keys.length
  const rest = await restOf(db, { ...walk, after: begun.next, limit: limit - found }, found)
  return rest === TOO_BROAD ? rest : { keys: [...begun.keys, ...rest.keys], next: rest.next }
}

/** The keys after those that the first walk has found: from a larger set, or from a second walk. */
async function restOf(db: Db, list: List, found: number): Promise<KeyPage | typeof TOO_BROAD> {
  const { asked, name, limit, now } = list
  // If keys that match go on as often as in the first walk.
  const isNear = found * SECOND_WALK >= limit * FIRST_WALK
  if (!isNear) {
    const sets = await probablyOfAtMost(db, asked, now, LARGE_SET)
    for (const set of sets.slice(0, MOST_SETS)) {
      const page = await fromSet(db, list, set, LARGE_SET[set.kind])
      if (page !== null) return page
    }
    // Names that have a text in common are together in this order, and may be anywhere.
    if (name === 'name' && asked.q !== undefined) return TOO_BROAD
  }
  return await fromWalks(db, list, SECOND_WALK, false)
}

interface List {
  readonly asked: Asked
  readonly name: OrderName
  readonly after: KeyPosition | null
  readonly limit: number
  readonly now: Date
  readonly reach: Reach
}

type Row = KeyRow &
  Readonly<Record<string, unknown>> & { readonly is_end: boolean; readonly is_match: boolean }

/** Keys up to a position. */
interface Part extends KeyPage {
  /** Set where the rows that may be read were too few to fill the page. */
  readonly isCutShort: boolean
}

const NOT_FIXED = { fixed: [] }

/**
 * A page of a set, which is read as a whole and sorted. Null: it has more keys than this. Sorts ids, and reads the rest
 * for the page alone.
 */
async function fromSet(db: Db, list: List, { is, by }: KeySet, most: number): Promise<KeyPage | null> {
  const { asked, name, after, limit, now } = list
  const order = ORDERS[name]
  const first = by === undefined ? sql`` : sql`order by ${by}`
  const within = sql.join([sql`true`, ...conditionsOf(asked, now), ...isAfter([], order, after)], sql` and `)
  const inOrder = sql`order by keys.is_over desc, ${sorted(NOT_FIXED, order)} limit ${limit + 1}`
  const few = sql`
    select keys.*, row_number() over () > ${most} as is_over from (
      select keys.id as found_id, ${named([], order)}, (${within}) as is_match
      from keys where ${is} ${first} limit ${most + 1}
    ) as keys`
  const found = sql`select * from (${few}) as keys where is_match or is_over ${inOrder}`
  const whole = sql`select keys.*, found.* from (${found}) as found join keys on keys.id = found.found_id`
  const { rows } = await select(db, list, whole, inOrder)
  if (rows[0]?.is_over === true) return null
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const next = last === undefined ? null : positionOf(name, NOT_FIXED, last)
  return { keys: await toKeys(db, shown), next }
}

/** The next rows of the walks, merged. @param longest rows that each walk may read */
async function fromWalks(db: Db, list: List, longest: number, isFirst: boolean): Promise<Part> {
  const walks = walksOf(list.asked, list.name, list.now)
  const [first] = walks as [Walk]
  const by = sql`order by ${sorted(first, ORDERS[list.name])}`
  const read = async (parts: readonly RawBuilder<unknown>[]) =>
    (await select(db, list, sql.join(parts, sql` union all `), by)).rows
  const pages = walks.map((walk, at) => pageOf(list, walk, at, longest))
  let rows = isFirst ? await read(pages) : []
  // Others came to their end, or to the longest that they may be.
  const full = walks.map((walk, at) => walk.few === true || count(rows, at) > list.limit)
  if (!isFirst || full.includes(false))
    rows = await read(
      walks.map((walk, at) =>
        full[at] === true ? (pages[at] as RawBuilder<unknown>) : stretchOf(list, walk, at, longest),
      ),
    )
  // After the end of a walk, rows of this walk might be missing.
  const cut = rows.findIndex((row) => row.is_end)
  const sure = (cut < 0 ? rows : rows.slice(0, cut + 1)).filter((row) => row.is_match)
  const shown = sure.slice(0, list.limit)
  const last = sure.length > list.limit ? shown.at(-1) : rows[cut]
  const next = last === undefined ? null : positionOf(list.name, first, last)
  return { keys: await toKeys(db, shown), next, isCutShort: cut >= 0 && sure.length < list.limit }
}

function count(rows: readonly Row[], walk: number): number {
  return rows.filter((row) => row.walk === walk).length
}

/** The matches among the next rows of a walk. */
function pageOf({ asked, name, after, limit, now }: List, walk: Walk, at: number, longest: number) {
  const order = ORDERS[name]
  return sql`
    (select keys.*, ${sql.lit(at)} as walk, true as is_match, false as is_end
     from (${walked(walk, order, after, longest)}) as keys
     where ${matches(asked, walk, now)} order by ${sorted(walk, order)} limit ${limit + 1})`
}

/**
 * The matches among the next rows of a walk, and the last row that it may read. Not for a walk that fills a page: Postgres
 * chooses a plan here that is good for all of these rows, and may be bad for the first few.
 */
function stretchOf({ asked, name, after, limit, now }: List, walk: Walk, at: number, longest: number) {
  const order = ORDERS[name]
  const by = sql`order by ${sorted(walk, order)}`
  // With the order that the rows have, or Postgres would sort them once more.
  const place = sql`row_number() over (${by})`
  return sql`
    (select * from (
       select keys.*, ${sql.lit(at)} as walk, (${matches(asked, walk, now)}) as is_match, ${place} = ${longest} as is_end
       from (${walked(walk, order, after, longest)}) as keys
     ) as keys
     where is_match or is_end ${by} limit ${limit + 1})`
}

function matches(asked: Asked, walk: Walk, now: Date): RawBuilder<unknown> {
  return sql.join([sql`true`, ...conditionsOf({ ...asked, ...walk.fulfils }, now)], sql` and `)
}

async function select(db: Db, { reach }: List, from: RawBuilder<unknown>, rest: RawBuilder<unknown>) {
  return await sql<Row>`
    select keys.*, ${SUSPENDED_AT} as suspended_at, ${creatorName(reach)} as created_by_name
    from (${from}) as keys ${rest}`.execute(db)
}

async function toKeys(db: Db, rows: readonly Row[]): Promise<readonly Key[]> {
  const secrets = Map.groupBy(
    await secretsOf(
      db,
      rows.map((row) => row.id),
    ),
    (secret) => secret.holderId,
  )
  return rows.map((row) => fromRow(row, secrets.get(row.id) ?? []))
}
