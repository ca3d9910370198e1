import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { reachOf } from '../scopes/reach.ts'
import { allScopes } from '../scopes/scope.store.ts'
import { SUMS_BY_SCOPE, scopePeriod } from './scope-use.ts'

/** The start of the first bucket that has counts by scope of any credential; null before the first. */
export async function scopesCountedSince(db: Db): Promise<Date | null> {
  const { rows } = await sql<{ since: Date | null }>`
    select least(
      (select min(bucket) from usage_days where credential_id = ${SUMS_BY_SCOPE}),
      (select min(bucket) from usage_hours where credential_id = ${SUMS_BY_SCOPE})
    ) as since`.execute(db)
  return rows[0]?.since ?? null
}

/** Everything but the key that decides if a key is over-scoped. */
export interface OverScoped extends ReturnType<typeof scopePeriod> {
  /** Implications of the catalogue, as `<scope> <implied>`. */
  readonly implied: readonly string[]
}

/** Null: counts do not reach back through the period, so no key is known to be over-scoped. */
export async function overScopedAt(db: Db, now: Date): Promise<OverScoped | null> {
  const period = scopePeriod(now)
  const countedSince = await scopesCountedSince(db)
  if (countedSince === null || countedSince > period.since) return null
  const catalogue = [...reachOf(await allScopes(db))]
  return {
    ...period,
    implied: catalogue.flatMap(([scope, { brings }]) => brings.map((each) => `${scope} ${each}`)),
  }
}

/**
 * A key that was used in the period, and not for each of its scopes: at least one is `unused`, as `scopeUses` has it. A
 * test holds the two together. A key without any exercised scope is unused, or called by guards that ask for none.
 */
export function isOverScoped({ since, firstDay, implied }: OverScoped): RawBuilder<boolean>[] {
  return [
    sql`keys.created_at <= ${since}::timestamptz`,
    sql`(keys.scopes_changed_at is null or keys.scopes_changed_at <= ${since}::timestamptz)`,
    // A subquery for each row: a join might read the scopes of all keys first.
    sql`coalesce((
      select bool_or(granted.scope <> all(used.scopes) and not exists (
        select from unnest(used.scopes) as other (scope)
        where other.scope <> all(keys.scopes) and granted.scope || ' ' || other.scope = any(${[...implied]}::text[])
      ))
      from (
        select array_agg(scope) as scopes from exercised_scopes
        where key_id = keys.id and last_day >= ${firstDay}::timestamptz
      ) as used
      cross join unnest(keys.scopes) as granted (scope)
    ), false)`,
  ]
}
