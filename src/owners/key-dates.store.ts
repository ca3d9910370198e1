import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'
import { type DisablingFloors, type DisablingRule, NOTICE_SECONDS } from './disabling.ts'
import type { PolicyRules } from './policy.ts'

/** Rules that disable keys at a date, for some keys that are neither revoked nor expired. */
export interface DatedByPolicy
  extends Pick<PolicyRules, 'rotateEveryDays' | 'ipAllowlistRequired' | 'disableUnusedAfterDays'>,
    DisablingFloors {
  /** Of an environment, or of some ids: an owner's own rules replace these. Of an owner: these are its rules. */
  readonly of:
    | { readonly environment: string }
    | { readonly ids: readonly string[] }
    | { readonly ownerId: string; readonly environment: string }
  readonly now: Date
}

const DAY_SECONDS = 86_400

/** The column with the date by each rule. */
export const DATE_COLUMNS = {
  rotate_every_days: 'keys.disable_unrotated_at',
  ip_allowlist_required: 'keys.disable_unlisted_at',
  disable_unused_after_days: 'keys.disable_unused_at',
} as const satisfies Record<DisablingRule, string>

/** A key that was used after it got a date as unused keeps the date until a job takes it away. */
export const IS_USED_AGAIN = sql<boolean>`exists (
  select from secrets where secrets.holder_id = keys.id
    and secrets.last_used_at > keys.disable_unused_at - make_interval(secs => ${sql.lit(NOTICE_SECONDS)})
)`

/** The next keys of an environment, by their ids. */
export async function nextKeys(db: Db, environment: string, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from keys
    where environment = ${environment} and revoked_at is null and id > ${after}
    order by id limit ${limit}`.execute(db)
  return rows.map(({ id }) => id)
}

/**
 * Writes the dates of some keys, whose rows are locked. A date that has passed stays: from then on the key is refused, and
 * no change of a rule revives it.
 */
export async function dateKeys(
  tx: Tx,
  dated: DatedByPolicy,
): Promise<{ readonly keys: number; readonly secretIds: readonly string[] }> {
  const { rows } = await sql<{ id: string }>`
    with dated as materialized (${datesBy(dated)})
    update keys set
      disable_unrotated_at = dated.unrotated,
      disable_unlisted_at = dated.unlisted,
      disable_unused_at = dated.unused
    from dated
    where keys.id = dated.id
      and (keys.disable_unrotated_at, keys.disable_unlisted_at, keys.disable_unused_at)
        is distinct from (dated.unrotated, dated.unlisted, dated.unused)
    returning keys.id`.execute(tx)
  const ids = rows.map(({ id }) => id)
  return { keys: ids.length, secretIds: await secretIdsOf(tx, ids) }
}

/** Secrets of some keys that may still work. */
export async function secretIdsOf(tx: Tx, keyIds: readonly string[]): Promise<string[]> {
  if (keyIds.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select id from secrets
    where holder_id = any(${keyIds}::text[]) and revoked_at is null and retired_at is null
    order by id`.execute(tx)
  return rows.map(({ id }) => id)
}

/**
 * A query of keys with the dates that the rules give them.
 *
 * An unrotated key is disabled some days after its secret was made; one that existed when the rule was set not before the
 * rule's floor, unless an earlier rule had set an earlier date.
 */
export function datesBy(dated: DatedByPolicy) {
  const { of, now } = dated
  const { days, isListed, unusedDays, unrotatedFloor, unlistedFloor } =
    'ownerId' in of ? asGiven(dated) : asReplaced(dated)
  const seconds = sql`(${days} * ${DAY_SECONDS}::double precision + ${NOTICE_SECONDS}::double precision)`
  const byAge = sql`current.created_at + make_interval(secs => ${seconds})`
  const unrotated = sql`case when ${days} is not null
      then greatest(${byAge}, least(keys.disable_unrotated_at, ${unrotatedFloor})) end`
  const unlisted = sql`case when ${isListed} and keys.ip_allowlist is null
      then least(keys.disable_unlisted_at, ${unlistedFloor}) end`
  // A job gives these, and looks at the uses again before it acts. A laxer rule takes them away.
  const since = sql`${now}::timestamptz - make_interval(secs => ${unusedDays} * ${DAY_SECONDS}::double precision)`
  const lastUse = sql`(select max(last_used_at) from secrets where secrets.holder_id = keys.id)`
  const unused = sql`case when keys.disable_unused_at is not null and coalesce(${lastUse}, keys.created_at) <= ${since}
      then keys.disable_unused_at end`
  const passed = (column: string) => sql`keys.${sql.raw(column)} <= ${now}::timestamptz`
  return sql`
    select
      keys.id,
      case when ${passed('disable_unrotated_at')} then keys.disable_unrotated_at else ${unrotated} end as unrotated,
      case when ${passed('disable_unlisted_at')} then keys.disable_unlisted_at else ${unlisted} end as unlisted,
      ${unused} as unused
    from keys
    join owners on owners.id = keys.owner_id
    join secrets as current
      on current.holder_id = keys.id and current.revoked_at is null and current.retires_at is null
    where ${areOf(of)} and keys.revoked_at is null
      and (keys.ends_at is null or keys.ends_at > ${now}::timestamptz)`
}

function areOf(of: DatedByPolicy['of']) {
  if ('ids' in of) return sql`keys.id = any(${of.ids}::text[])`
  const isThere = sql`keys.environment = ${of.environment}`
  return 'ownerId' in of ? sql`keys.owner_id = ${of.ownerId} and ${isThere}` : isThere
}

/** The rules as they are. */
function asGiven(dated: DatedByPolicy) {
  return {
    days: sql`${dated.rotateEveryDays}::integer`,
    isListed: sql`${dated.ipAllowlistRequired}::boolean`,
    unusedDays: sql`${dated.disableUnusedAfterDays}::integer`,
    unrotatedFloor: sql`${dated.unrotatedNotBefore}::timestamptz`,
    unlistedFloor: sql`${dated.unlistedNotBefore}::timestamptz`,
  }
}

/** The rules and floors for each key's owner, as `policyWithFloors` has them. */
function asReplaced(dated: DatedByPolicy) {
  const given = asGiven(dated)
  const floor = (rule: string, own: string, given: ReturnType<typeof sql>) => sql`
    case when owners.${sql.raw(rule)} is not null then owners.${sql.raw(own)}
      else greatest(owners.${sql.raw(own)}, ${given}) end`
  return {
    days: sql`coalesce(owners.rotate_every_days, ${given.days})`,
    isListed: sql`coalesce(owners.ip_allowlist_required, ${given.isListed})`,
    unusedDays: sql`coalesce(owners.disable_unused_after_days, ${given.unusedDays})`,
    unrotatedFloor: floor('rotate_every_days', 'unrotated_not_before', given.unrotatedFloor),
    unlistedFloor: floor('ip_allowlist_required', 'unlisted_not_before', given.unlistedFloor),
  }
}
