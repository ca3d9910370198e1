import { type RawBuilder, sql } from 'kysely'
import type { PageRequest, Position } from '../db/keyset.ts'
import type { Db } from '../db/schema.ts'
import { environmentsOf, ownerOf } from '../management/caller.ts'
import { type FindingRow, fromRow } from './finding.store.ts'
import { FINDING_KINDS, type Finding, type FindingKind, type FindingState } from './finding.ts'
import { type FindingReach, isWithin } from './finding-reach.store.ts'

export interface FindingFilter {
  readonly kind?: FindingKind | undefined
  readonly ownerId?: string | undefined
  readonly environment?: string | undefined
  readonly holderId?: string | undefined
  readonly state?: FindingState | undefined
}

/** Findings that a page reads at most: those that do not match are passed over. */
const MOST_READ = 5_000

/**
 * Findings of a filter, newest first: a bounded walk along the index that the filter is closest to. A page may have fewer
 * than asked for, and go on.
 */
export async function listFindings(
  db: Db,
  reach: FindingReach,
  filter: FindingFilter,
  { after, limit }: PageRequest,
  now: Date,
): Promise<{ readonly rows: readonly Finding[]; readonly end: Position | null }> {
  const walk = sql`
    select * from findings where ${sql.join([...alongIndex(reach, filter), ...isAfter(after)], sql` and `)}
    order by first_seen_at desc, id desc limit ${MOST_READ}`
  const { rows } = await sql<FindingRow & { read: number; end_at: Date; end_id: string }>`
    with walk as materialized (${walk})
    select * from (
      select findings.* from walk as findings
      where ${sql.join(conditions(reach, filter, now), sql` and `)}
      order by first_seen_at desc, id desc limit ${limit}
    ) as found
    right join (
      select count(*)::int as read, min(first_seen_at) as end_at,
        (array_agg(id order by first_seen_at, id))[1] as end_id
      from walk
    ) as walked on true
    order by first_seen_at desc, id desc`.execute(db)
  const [first] = rows
  const found = rows.filter(({ id }) => id !== null).map(fromRow)
  const isWhole = first === undefined || first.read < MOST_READ
  return { rows: found, end: isWhole ? null : { at: first.end_at, id: first.end_id } }
}

/** A number of findings, exact up to a bound. */
export interface FindingCount {
  readonly count: number
  readonly atLeast: boolean
}

export interface CountOfKind {
  readonly kind: FindingKind
  readonly open: FindingCount
  readonly accepted: FindingCount
}

const MOST_COUNTED = 10_000

/** Findings of a filter by kind, each kind up to a bound of rows that are read. */
export async function countFindings(
  db: Db,
  reach: FindingReach,
  filter: Omit<FindingFilter, 'kind' | 'state'>,
  now: Date,
): Promise<CountOfKind[]> {
  const counts: CountOfKind[] = []
  for (const kind of FINDING_KINDS) {
    const isAccepted = sql`accepted_until is not null and accepted_until > ${now}::timestamptz`
    const { rows } = await sql<{ read: number; open: number; accepted: number }>`
      select count(*)::int as read,
        (count(*) filter (where matches and not (${isAccepted})))::int as open,
        (count(*) filter (where matches and ${isAccepted}))::int as accepted
      from (
        select accepted_until, (${sql.join(conditions(reach, { ...filter, kind }, now), sql` and `)}) as matches
        from findings where ${sql.join(alongIndex(reach, { ...filter, kind }), sql` and `)}
        order by first_seen_at desc, id desc limit ${MOST_COUNTED + 1}
      ) as findings`.execute(db)
    const { read, open, accepted } = rows[0] ?? { read: 0, open: 0, accepted: 0 }
    const atLeast = read > MOST_COUNTED
    const bounded = (count: number) => ({ count: Math.min(count, MOST_COUNTED), atLeast })
    counts.push({ kind, open: bounded(open), accepted: bounded(accepted) })
  }
  return counts
}

/** The part of the conditions by which an index is walked: the one that leaves the fewest. */
function alongIndex({ of }: FindingReach, filter: FindingFilter): readonly RawBuilder<unknown>[] {
  const ownerId = filter.ownerId ?? ownerOf(of)
  if (filter.holderId !== undefined) return [sql`holder_id = ${filter.holderId}`]
  if (ownerId !== null) return [sql`owner_id = ${ownerId}`]
  if (filter.state === 'accepted') return [sql`accepted_at is not null`]
  if (filter.kind !== undefined) return [sql`kind = ${filter.kind}`]
  const environments = environmentsOf(of)
  const environment = filter.environment ?? (environments?.length === 1 ? environments[0] : undefined)
  return environment === undefined ? [sql`true`] : [sql`environment = ${environment}`]
}

function conditions(reach: FindingReach, filter: FindingFilter, now: Date): readonly RawBuilder<unknown>[] {
  const { kind, ownerId, environment, state } = filter
  const isAccepted = sql`(accepted_until is not null and accepted_until > ${now}::timestamptz)`
  return [
    isWithin(reach),
    ...(kind === undefined ? [] : [sql`kind = ${kind}`]),
    ...(ownerId === undefined ? [] : [sql`owner_id = ${ownerId}`]),
    ...(environment === undefined ? [] : [sql`environment = ${environment}`]),
    ...(state === undefined ? [] : [state === 'accepted' ? isAccepted : sql`not ${isAccepted}`]),
  ]
}

function isAfter(after: Position | null): readonly RawBuilder<unknown>[] {
  return after === null ? [] : [sql`(first_seen_at, id) < (${after.at}::timestamptz, ${after.id}::text)`]
}
