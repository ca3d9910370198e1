import { type RawBuilder, type SelectQueryBuilder, type StringReference, sql } from 'kysely'

/** Position of a row in a list that is ordered by a moment and an id, mostly newest first. */
export interface Position {
  readonly at: Date
  readonly id: string
}

export interface PageRequest {
  /** Null: the first page. */
  readonly after: Position | null
  readonly limit: number
}

/**
 * Keyset pagination: orders a query newest first and continues after a position. Unlike OFFSET, a page costs the same
 * however far it is into the list, and rows inserted meanwhile shift nothing.
 *
 * @param columns the moment and the id; one index should have both, in this order
 */
export function newestFirst<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  [moment, id]: readonly [StringReference<DB, TB>, StringReference<DB, TB>],
  { after, limit }: PageRequest,
): SelectQueryBuilder<DB, TB, O> {
  const ordered = query.orderBy(moment, 'desc').orderBy(id, 'desc').limit(limit)
  return after === null
    ? ordered
    : ordered.where(sql<boolean>`(${sql.ref(moment)}, ${sql.ref(id)}) < (${after.at}, ${after.id})`)
}

export const LIST_SORTS = ['created', 'name'] as const
export type ListSort = (typeof LIST_SORTS)[number]

/** A page of a list in one of two orders: newest first, or by name from a to z. */
export type SortedPage =
  | ({ readonly sort: 'created' } & PageRequest)
  | {
      readonly sort: 'name'
      /** Id of the last row of the page before; null: the first page. */
      readonly after: string | null
      readonly limit: number
    }

/** Columns by which a list is sorted. One index has the moment and the id, another the folded name and the id. */
export interface SortedBy<DB, TB extends keyof DB> {
  readonly table: TB & string
  readonly moment: StringReference<DB, TB>
  readonly id: StringReference<DB, TB>
  /** Exactly as in the index; names the table, so that it can also be read off the row before. */
  readonly folded: RawBuilder<string>
}

/** Orders a query and continues after a position, in either order. */
export function sorted<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  { table, moment, id, folded }: SortedBy<DB, TB>,
  page: SortedPage,
): SelectQueryBuilder<DB, TB, O> {
  if (page.sort === 'created') return newestFirst(query, [moment, id], page)
  const ordered = query.orderBy(folded).orderBy(id).limit(page.limit)
  if (page.after === null) return ordered
  const before = sql`(select ${folded} from ${sql.table(table)} where ${sql.ref(id)} = ${page.after})`
  return ordered.where(sql<boolean>`(${folded}, ${sql.ref(id)}) > (${before}, ${page.after})`)
}

/** True where a text contains what is searched for, in either case. */
export function contains(text: RawBuilder<string>, searched: string): RawBuilder<boolean> {
  return sql<boolean>`position(lower(${searched}::text) in lower(${text})) > 0`
}
