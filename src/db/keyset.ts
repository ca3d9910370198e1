import { type SelectQueryBuilder, type StringReference, sql } from 'kysely'

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
