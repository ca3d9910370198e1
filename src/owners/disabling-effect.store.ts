import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { type DisablingRule, NOTICE_SECONDS } from './disabling.ts'
import { type DatedByPolicy, datesBy } from './key-dates.store.ts'

/** Keys that a preview counts for each rule. Beyond, it says that there are more. */
const MOST_COUNTED = 100_000
/** Keys that a preview names for each rule. */
const NAMED = 20

/** A key that a rule would disable then, unless it is rotated, used or given an allow-list. */
export interface DatedKey {
  readonly id: string
  readonly name: string
  readonly ownerId: string
  readonly hint: string
  readonly disablesAt: Date
  readonly lastUsedAt: Date | null
}

/** Existing keys that a rule would disable at a date that they did not have. */
export interface DisablingForeseen {
  readonly rule: DisablingRule
  readonly keys: number
  /** Of these, those that stop at once. */
  readonly atOnce: number
  /** False: there are more than were counted. */
  readonly isCountedFully: boolean
  /** Those that stop first. */
  readonly first: readonly DatedKey[]
}

/** Counts and names the keys to which a rule would give a date, or an earlier one. */
export async function foreseeDates(
  db: Db,
  rule: 'rotate_every_days' | 'ip_allowlist_required',
  dated: DatedByPolicy,
): Promise<DisablingForeseen> {
  const [is, was] =
    rule === 'rotate_every_days'
      ? ([sql`dated.unrotated`, sql`keys.disable_unrotated_at`] as const)
      : ([sql`dated.unlisted`, sql`keys.disable_unlisted_at`] as const)
  const reached = sql`
    select keys.id, ${is} as at
    from (${datesBy(dated)}) as dated join keys on keys.id = dated.id
    where keys.disabled_at is null and ${is} < coalesce(${was}, 'infinity')`
  return await foresee(db, rule, reached, dated.now)
}

/** Counts and names the keys that have not been used for as long as the rule says, and would be given a date at once. */
export async function foreseeUnused(
  db: Db,
  { unusedSince, now, ...of }: UnusedBy & { readonly unusedSince: Date; readonly now: Date },
): Promise<DisablingForeseen> {
  const reached = sql`
    select keys.id, ${now}::timestamptz + make_interval(secs => ${NOTICE_SECONDS}::double precision) as at
    from keys
    where ${isUnusedByHint(of, unusedSince, now)} and keys.disable_unused_at is null
      and not exists (
        select from secrets
        where secrets.holder_id = keys.id and secrets.last_used_at > ${unusedSince}::timestamptz
      )`
  return await foresee(db, 'disable_unused_after_days', reached, now)
}

/** Keys of an environment whose owners have no such rule of their own; keys of one owner, in an environment or in all. */
export interface UnusedBy {
  readonly environment?: string
  readonly ownerId?: string
}

/** Keys that work, were made before a moment, and were last used before it as far as hints say. */
export function isUnusedByHint({ environment, ownerId }: UnusedBy, since: Date, now: Date) {
  const day = Math.floor(since.getTime() / (24 * 3600 * 1000))
  const ofOwner =
    ownerId === undefined
      ? sql`not exists (
          select from owners where owners.id = keys.owner_id and owners.disable_unused_after_days is not null
        )`
      : sql`keys.owner_id = ${ownerId}`
  const there = environment === undefined ? sql`true` : sql`keys.environment = ${environment}`
  return sql<boolean>`${there} and ${ofOwner} and keys.revoked_at is null and keys.disabled_at is null
    and not keys.lapsed and (keys.ends_at is null or keys.ends_at > ${now}::timestamptz)
    and -keys.seen_day >= ${-day}::integer
    and keys.created_at <= ${since}::timestamptz`
}

async function foresee(
  db: Db,
  rule: DisablingRule,
  reached: ReturnType<typeof sql>,
  now: Date,
): Promise<DisablingForeseen> {
  const { rows } = await sql<{ keys: number; atOnce: number } & (DatedKey | { id: null })>`
    with reached as materialized (${reached} limit ${MOST_COUNTED + 1}),
    total as (
      select count(*) as keys, count(*) filter (where at <= ${now}::timestamptz) as "atOnce" from reached
    ),
    first as (select id, at from reached order by at, id limit ${NAMED})
    select
      total.*, first.id, keys.name, keys.owner_id as "ownerId", first.at as "disablesAt",
      (select hint from secrets where holder_id = first.id and revoked_at is null and retires_at is null) as hint,
      (select max(last_used_at) from secrets where holder_id = first.id) as "lastUsedAt"
    from total
    left join first on true
    left join keys on keys.id = first.id
    order by first.at, first.id`.execute(db)
  const { keys = 0, atOnce = 0 } = rows[0] ?? {}
  const first = rows.flatMap((row) => (row.id === null ? [] : [row]))
  return {
    rule,
    keys: Math.min(keys, MOST_COUNTED),
    atOnce: Math.min(atOnce, MOST_COUNTED),
    isCountedFully: keys <= MOST_COUNTED,
    first,
  }
}

/** Joins the effects of a rule in several environments to one. */
export function together(foreseen: readonly DisablingForeseen[]): readonly DisablingForeseen[] {
  return [...Map.groupBy(foreseen, ({ rule }) => rule)].map(([rule, all]) => ({
    rule,
    keys: all.reduce((sum, { keys }) => sum + keys, 0),
    atOnce: all.reduce((sum, { atOnce }) => sum + atOnce, 0),
    isCountedFully: all.every(({ isCountedFully }) => isCountedFully),
    first: all
      .flatMap(({ first }) => first)
      .toSorted((one, other) => one.disablesAt.getTime() - other.disablesAt.getTime())
      .slice(0, NAMED),
  }))
}
