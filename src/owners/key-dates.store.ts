import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'
import { NOTICE_SECONDS } from './disabling.ts'
import type { DisablingFloors } from './policy.store.ts'
import type { PolicyRules } from './policy.ts'

/** Rules that disable keys at a date, for some keys that are neither revoked nor expired. */
export interface DatedByPolicy
  extends Pick<PolicyRules, 'rotateEveryDays' | 'ipAllowlistRequired' | 'disableUnusedAfterDays'>,
    DisablingFloors {
  readonly of: { readonly environment: string } | { readonly ids: readonly string[] }
  readonly now: Date
}

const DAY_SECONDS = 86_400

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
export function datesBy({
  of,
  rotateEveryDays,
  ipAllowlistRequired,
  disableUnusedAfterDays,
  unrotatedNotBefore,
  unlistedNotBefore,
  now,
}: DatedByPolicy) {
  const seconds = rotateEveryDays === null ? null : rotateEveryDays * DAY_SECONDS + NOTICE_SECONDS
  const byAge = sql`current.created_at + make_interval(secs => ${seconds}::double precision)`
  const unrotated =
    seconds === null
      ? sql`null::timestamptz`
      : sql`greatest(${byAge}, least(keys.disable_unrotated_at, ${unrotatedNotBefore}::timestamptz))`
  const unlisted = ipAllowlistRequired
    ? sql`case when keys.ip_allowlist is null
        then least(keys.disable_unlisted_at, ${unlistedNotBefore}::timestamptz) end`
    : sql`null::timestamptz`
  // A job gives these, and looks at the uses again before it acts.
  const unused = disableUnusedAfterDays === null ? sql`null::timestamptz` : sql`keys.disable_unused_at`
  const ofThese =
    'ids' in of ? sql`keys.id = any(${of.ids}::text[])` : sql`keys.environment = ${of.environment}`
  const passed = (column: string) => sql`keys.${sql.raw(column)} <= ${now}::timestamptz`
  return sql`
    select
      keys.id,
      case when ${passed('disable_unrotated_at')} then keys.disable_unrotated_at else ${unrotated} end as unrotated,
      case when ${passed('disable_unlisted_at')} then keys.disable_unlisted_at else ${unlisted} end as unlisted,
      ${unused} as unused
    from keys
    join secrets as current
      on current.holder_id = keys.id and current.revoked_at is null and current.retires_at is null
    where ${ofThese} and keys.revoked_at is null
      and (keys.ends_at is null or keys.ends_at > ${now}::timestamptz)`
}
