import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { environmentsOf, ownerOf, type Reach } from '../management/caller.ts'

/** Counts are exact up to here. */
export const COUNTED = 10_000
/** Holders of each kind that are named. */
const NAMED = 100
/** Holders that are looked at for those that were used last: a scope may have a million. */
const LOOKED_AT = 1_000

/** A key or a client that has a scope, and is not revoked. */
export interface ScopeHolder {
  readonly kind: 'key' | 'client'
  readonly id: string
  readonly name: string
  readonly hint: string | null
  readonly ownerId: string | null
  readonly environment: string
  readonly lastUsedAt: Date | null
}

export interface HoldersOfKind {
  /** At most one more than {@link COUNTED}. */
  readonly count: number
  readonly named: readonly ScopeHolder[]
}

/** Keys that hold a scope and are neither revoked nor expired: the number, and those that were used last. */
export async function keysWithScope(db: Db, reach: Reach, name: string, now: Date): Promise<HoldersOfKind> {
  const holding = sql`
    scopes @> ${[name]}::text[] and revoked_at is null and (ends_at is null or ends_at > ${now})
    ${within(reach)}`
  const counted = sql<{ count: string }>`
    select count(*) as count from (select 1 from keys where ${holding} limit ${COUNTED + 1}) as found`
  const named = sql<ScopeHolder>`
    select 'key' as kind, found.id, found.name, secret.hint, found.owner_id as "ownerId", found.environment,
      used.at as "lastUsedAt"
    from (select id, name, owner_id, environment from keys where ${holding} limit ${LOOKED_AT}) as found
    cross join lateral (select max(last_used_at) as at from secrets where holder_id = found.id) as used
    left join lateral (
      select hint from secrets where holder_id = found.id order by created_at desc, id desc limit 1
    ) as secret on true
    order by used.at desc nulls last, found.id limit ${NAMED}`
  return await both(db, counted, named)
}

/** Clients that have a scope in a list of theirs, and are not revoked: the number, and the newest. */
export async function clientsWithScope(db: Db, reach: Reach, name: string): Promise<HoldersOfKind> {
  const holding = sql`
    ${name} = any(required_scopes || optional_scopes || client_credentials_scopes) and revoked_at is null
    ${within(reach)}`
  const counted = sql<{ count: string }>`
    select count(*) as count from (select 1 from clients where ${holding} limit ${COUNTED + 1}) as found`
  const named = sql<ScopeHolder>`
    select 'client' as kind, id, name, null as hint, owner_id as "ownerId", environment, null as "lastUsedAt"
    from clients where ${holding} order by created_at desc, id desc limit ${NAMED}`
  return await both(db, counted, named)
}

function within(reach: Reach) {
  const [ownerId, environments] = [ownerOf(reach), environmentsOf(reach)]
  return sql`
    ${ownerId === null ? sql`` : sql`and owner_id = ${ownerId}`}
    ${environments === null ? sql`` : sql`and environment = any(${[...environments]}::text[])`}`
}

async function both(
  db: Db,
  counted: ReturnType<typeof sql<{ count: string }>>,
  named: ReturnType<typeof sql<ScopeHolder>>,
): Promise<HoldersOfKind> {
  const { rows } = await counted.execute(db)
  return { count: Number(rows[0]?.count ?? 0), named: (await named.execute(db)).rows }
}
