import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { Reach } from '../management/caller.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { creatorName, fromRow, type KeyRow } from './key.store.ts'
import type { Key } from './key.ts'
import { type Asked, conditionsOf, resolve, SUSPENDED_AT, TOO_BROAD } from './key-conditions.store.ts'
import type { KeyFilter, KeyPosition, KeySort, OrderName } from './key-filter.ts'
import { ORDERS, orderOf, positionOf, sorted, type Walk, walked, walksOf } from './key-orders.store.ts'
import { type KeySet, setOfAtMost } from './key-sets.store.ts'

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

/** Rows that a walk may read before the small sets are tried, and in all. */
const FIRST_WALK = 5_000
const LONGEST_WALK = 10_000
/**
 * A set that is no larger is read as a whole, and sorted: at once, or where a walk has failed. Larger for scopes: keys that a
 * walk does not meet were made together, and lie together.
 */
const SMALL_SET = { ordered: 100, names: 5_000, scopes: 5_000 }
const LARGER_SETS = [
  { ordered: 1_000, names: 10_000, scopes: 10_000 },
  { ordered: 10_000, names: 10_000, scopes: 100_000 },
]

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
  if (small !== null) return await fromSet(db, list, small)
  const first = await fromWalks(db, list, FIRST_WALK)
  if (!first.isCutShort) return first.page
  for (const bounds of LARGER_SETS) {
    const set = await setOfAtMost(db, asked, now, bounds)
    if (set !== null) return await fromSet(db, list, set)
  }
  // Names that have a text in common are together in this order, and may be anywhere.
  if (name === 'name' && asked.q !== undefined) return TOO_BROAD
  return (await fromWalks(db, list, LONGEST_WALK)).page
}

interface List {
  readonly asked: Asked
  readonly name: OrderName
  readonly after: KeyPosition | null
  readonly limit: number
  readonly now: Date
  readonly reach: Reach
}

type Row = KeyRow & Readonly<Record<string, unknown>> & { readonly walk: number; readonly is_end: boolean }

const NOT_FIXED = { fixed: [] }

async function fromSet(db: Db, list: List, { is }: KeySet): Promise<KeyPage> {
  const { asked, name, after, limit, now } = list
  const order = ORDERS[name]
  const all = walked(
    { within: [is, ...conditionsOf(asked, now)], fixed: [], fulfils: {}, few: true },
    order,
    after,
    0,
  )
  const { rows } = await select(db, list, all, sql`order by ${sorted(NOT_FIXED, order)} limit ${limit + 1}`)
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const next = last === undefined ? null : positionOf(name, NOT_FIXED, last)
  return { keys: await toKeys(db, shown), next }
}

/** @param longest rows that each walk may read */
async function fromWalks(
  db: Db,
  list: List,
  longest: number,
): Promise<{ page: KeyPage; isCutShort: boolean }> {
  const walks = walksOf(list.asked, list.name, list.now)
  const rows = await rowsOf(db, list, walks, longest, new Map())
  // A walk with fewer rows than a page came to its end, or to the longest that it may be.
  const ends = new Map<number, Row>()
  for (const [at, walk] of walks.entries()) {
    if (walk.few === true || rows.filter((row) => row.walk === at).length > list.limit) continue
    const end = await endOf(db, list, walk, longest)
    if (end !== undefined) ends.set(at, end)
  }
  const [only] = walks.length === 1 ? ends.values() : []
  const complete = only === undefined && ends.size > 0 ? await rowsOf(db, list, walks, longest, ends) : rows
  // After the end of a walk, rows of this walk might be missing.
  const cut = complete.findIndex((row) => row.is_end)
  const end = only ?? complete[cut]
  const sure = cut < 0 ? complete : complete.slice(0, cut)
  const shown = sure.slice(0, list.limit)
  const last = sure.length > list.limit ? shown.at(-1) : end
  const next = last === undefined ? null : positionOf(list.name, walks[0] as Walk, last)
  const isCutShort = end !== undefined && sure.length < list.limit
  return { page: { keys: await toKeys(db, shown), next }, isCutShort }
}

/** A page of each walk, merged. @param ends walks whose last row is returned too, marked as their end */
async function rowsOf(
  db: Db,
  list: List,
  walks: readonly Walk[],
  longest: number,
  ends: ReadonlyMap<number, unknown>,
): Promise<readonly Row[]> {
  const { asked, name, after, limit, now } = list
  const order = ORDERS[name]
  const parts = walks.flatMap((walk, at) => {
    const where = sql.join([sql`true`, ...conditionsOf({ ...asked, ...walk.fulfils }, now)], sql` and `)
    const rows = walked(walk, order, after, longest)
    const by = sql`order by ${sorted(walk, order)}`
    const number = sql.lit(at)
    const page = sql`
      (select keys.*, ${number} as walk, false as is_end from (${rows}) as keys where ${where} ${by} limit ${limit + 1})`
    const end = sql`
      (select keys.*, ${number} as walk, true as is_end from (${rows}) as keys ${by} offset ${longest - 1} limit 1)`
    return ends.has(at) ? [page, end] : [page]
  })
  const merged = sql.join(parts, sql` union all `)
  // A row that is both comes before its mark.
  const { rows } = await select(
    db,
    list,
    merged,
    sql`order by ${sorted(walks[0] as Walk, order)}, keys.is_end`,
  )
  return rows
}

/** The last row that a walk may read; none where the walk comes to its end before. */
async function endOf(db: Db, { name, after }: List, walk: Walk, longest: number): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select * from (${walked(walk, ORDERS[name], after, longest)}) as keys
    offset ${longest - 1} limit 1`.execute(db)
  return rows[0]
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
