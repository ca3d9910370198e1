import { sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import { scopesCountedSince } from '../keys/over-scoped.store.ts'
import { type ScopeUse, scopePeriod, scopesKnownSince, scopeUses } from '../keys/scope-use.ts'
import { reachOf } from '../scopes/reach.ts'
import { allScopes } from '../scopes/scope.store.ts'
import { lastUsesOf, workingSecretsOf } from '../secrets/secret.store.ts'
import { type Exercised, type Facts, NO_FACTS, type SeenNetwork } from './facts.ts'

/** Other keys of an owner in a network that are counted. */
const MOST_OTHERS = 10
const LATELY_SECONDS = 30 * 24 * 3600

interface KeyRow {
  readonly id: string
  readonly ownerId: string
  readonly environment: string
  readonly createdAt: Date
  readonly scopes: readonly string[]
  readonly formerScopes: readonly string[] | null
  readonly scopesChangedAt: Date | null
  readonly isBound: boolean
  readonly isStopped: boolean
}

/** Facts of some keys. */
export async function keyFacts(db: Db, ids: readonly string[], now: Date): Promise<Facts[]> {
  const { rows } = await sql<KeyRow>`
    select id, owner_id as "ownerId", environment, created_at as "createdAt", scopes,
      former_scopes as "formerScopes", scopes_changed_at as "scopesChangedAt",
      ip_allowlist is not null as "isBound",
      (revoked_at is not null or disabled_at is not null
        or exists (select from owners where owners.id = owner_id and suspended_at is not null)) as "isStopped"
    from keys where id = any(${ids}::text[])`.execute(db)
  const live = rows.filter(({ isStopped }) => !isStopped)
  const liveIds = live.map(({ id }) => id)
  const secrets = Map.groupBy(await workingSecretsOf(db, liveIds, now), ({ holderId }) => holderId)
  const uses = await lastUsesOf(db, liveIds)
  const scopesOf = await exercisedScopes(db, liveIds, now)
  const unbound = live.filter(({ isBound }) => !isBound).map(({ id }) => id)
  const networks = await networksOf(db, unbound, now)
  return rows.map((row) => ({
    ...NO_FACTS,
    holder: { kind: 'key', id: row.id },
    ...{ ownerId: row.ownerId, environment: row.environment, createdAt: row.createdAt },
    isLive: !row.isStopped && secrets.has(row.id),
    lastUsedAt: uses.get(row.id) ?? null,
    secrets: secrets.get(row.id) ?? [],
    scopes: scopesOf(row),
    networks: networks.get(row.id) ?? [],
  }))
}

/** Tells of a key which scopes it has exercised; null as long as that is not known over the whole period. */
async function exercisedScopes(
  db: Db,
  ids: readonly string[],
  now: Date,
): Promise<(key: KeyRow) => Exercised | null> {
  const period = scopePeriod(now)
  const countedSince = await scopesCountedSince(db)
  if (countedSince === null || countedSince > period.since) return () => null
  const reach = reachOf(await allScopes(db))
  const rows = await db
    .selectFrom('exercised_scopes')
    .select(['key_id', 'scope', 'last_day'])
    .where(sql<boolean>`key_id = any(${ids}::text[])`)
    .where('last_day', '>=', period.firstDay)
    .execute()
  const days = Map.groupBy(rows, (row) => row.key_id)
  return ({ id, createdAt, scopes, formerScopes, scopesChangedAt }) => {
    const lastDayOf = new Map(days.get(id)?.map(({ scope, last_day }) => [scope, last_day]))
    // Unused altogether, or called by guards that ask for no scope.
    if (lastDayOf.size === 0) return null
    const former =
      formerScopes === null || scopesChangedAt === null
        ? null
        : { scopes: formerScopes, changedAt: scopesChangedAt }
    const uses = scopeUses({
      ...{ granted: scopes, brings: (scope: string) => reach.get(scope)?.brings ?? [] },
      ...{
        lastDayOf,
        period,
        knownSince: scopesKnownSince({ createdAt, formerScopes: former }, countedSince),
      },
    })
    const named = (...wanted: ScopeUse['use'][]) =>
      uses.filter(({ use }) => wanted.includes(use)).map(({ scope }) => scope)
    return { used: named('used', 'only_implied'), unused: named('unused') }
  }
}

type NetworkRow = SeenNetwork & { readonly keyId: string }

/**
 * The networks of some keys. Keys in the same network are looked for where none of them is of the key's own environment:
 * else they do not matter.
 */
async function networksOf(
  db: Db,
  ids: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, readonly SeenNetwork[]>> {
  if (ids.length === 0) return new Map()
  const lately = sql`other.last_at > ${addSeconds(now, -LATELY_SECONDS)}::timestamptz`
  const there = sql`other.owner_id = seen.owner_id and other.network = seen.network`
  const { rows } = await sql<NetworkRow>`
    select key_id as "keyId", network, first_at as "firstAt", last_at as "lastAt",
      coalesce(cardinality(others), 0) as others,
      array(select distinct environment from unnest(others) as each (environment) order by environment)
        as environments
    from (
      select *, case when not exists (
        select from seen_networks as other
        where ${there} and other.environment = seen.environment and other.key_id <> seen.key_id and ${lately}
      ) then array(
        select environment from seen_networks as other
        where ${there} and other.environment <> seen.environment and ${lately} limit ${sql.lit(MOST_OTHERS)}
      ) end as others
      from seen_networks as seen where key_id = any(${ids}::text[])
    ) as seen
    order by key_id, first_at, network`.execute(db)
  return Map.groupBy(rows, ({ keyId }) => keyId)
}
