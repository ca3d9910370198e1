import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { SUMS_BY_SCOPE } from '../keys/scope-use.ts'
import { ownerOf, type Reach } from '../management/caller.ts'
import { ALL, type Axis, byScopeUnder, GRAINS, MAX_SERIES, underOwner } from './usage.ts'

/** Verifications of one kind along an axis of time. */
export interface Series {
  /** Null together with `scope`: all kinds that have no series of their own. */
  readonly outcome: string | null
  /** Null where scopes are not told apart; empty for verifications that asked for none. */
  readonly scope: string | null
  readonly total: number
  readonly values: readonly number[]
}

export type SeriesBy = 'outcome' | 'scope'

/** Verifications of one key, or of all keys that a caller reaches. */
export type SeriesOf = { readonly keyId: string } | { readonly reach: Reach }

interface Row {
  readonly isRest: boolean
  readonly outcome: string | null
  readonly scope: string | null
  readonly place: number
  readonly n: number
}

/**
 * The counts of a chart, largest series first. They are read from the sums of everything or of an owner, so the work depends
 * on the chart and not on the number of keys.
 */
export async function seriesOf(db: Db, of: SeriesOf, by: SeriesBy, axis: Axis): Promise<Series[]> {
  const { rows } = await sql<Row>`
    with counted as materialized (
      select outcome, scope, place, sum(n)::bigint as n
      from (${sql.join(
        GRAINS.map((grain) => countsIn(grain, of, by, axis)),
        sql` union all `,
      )}) as each
      where n > 0
      group by outcome, scope, place
    ), largest as (
      select outcome, scope from counted group by outcome, scope
      order by sum(n) desc, outcome, scope limit ${sql.lit(MAX_SERIES)}
    )
    select largest.outcome is null as "isRest", largest.outcome, largest.scope, place, sum(n)::bigint as n
    from counted left join largest using (outcome, scope)
    group by largest.outcome, largest.scope, place`.execute(db)
  const found = Map.groupBy(rows, ({ isRest, outcome, scope }) => (isRest ? '' : `${outcome} ${scope}`))
  return [...found.values()].map((each) => toSeries(each, by, axis)).sort(byTotal)
}

function toSeries(rows: readonly Row[], by: SeriesBy, { points }: Axis): Series {
  const values = new Array<number>(points).fill(0)
  for (const { place, n } of rows) values[place] = n
  const [first] = rows
  return {
    outcome: first?.outcome ?? null,
    scope: by === 'scope' ? (first?.scope ?? null) : null,
    total: values.reduce((sum, n) => sum + n, 0),
    values,
  }
}

/** The rest is last, whatever its total. */
function byTotal(a: Series, b: Series): number {
  if ((a.outcome === null) !== (b.outcome === null)) return a.outcome === null ? 1 : -1
  return b.total - a.total
}

function countsIn(
  grain: (typeof GRAINS)[number],
  of: SeriesOf,
  by: SeriesBy,
  axis: Axis,
): RawBuilder<unknown> {
  const { since, until, stepSeconds } = axis
  const place = sql`
    floor(extract(epoch from bucket - ${since}::timestamptz) / ${sql.lit(stepSeconds)})::integer`
  const [outcome, scope, n] =
    by === 'outcome'
      ? [sql`outcome`, sql`''`, sql`calls`]
      : [sql`case when outcome = 'accepted' then outcome else 'refused' end`, sql`scope`, sql`count`]
  return sql`
    select ${outcome} as outcome, ${scope} as scope, ${place} as place, ${n} as n
    from ${sql.table(`usage_${grain}s`)}
    where bucket >= ${since} and bucket < ${until} and ${countedFor(of, by)}`
}

function countedFor(of: SeriesOf, by: SeriesBy): RawBuilder<boolean> {
  if ('keyId' in of)
    return sql`credential_id = any(array(select id from secrets where holder_id = ${of.keyId}))`
  const [all, under] = by === 'outcome' ? [ALL, underOwner] : [SUMS_BY_SCOPE, byScopeUnder]
  const ownerId = ownerOf(of.reach)
  return sql`credential_id = ${ownerId === null ? all : under(ownerId)}`
}
