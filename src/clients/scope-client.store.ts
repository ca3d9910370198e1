import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { environmentsOf, ownerOf, type Reach } from '../management/caller.ts'

/** Clients that are read, newest first: no index has their scopes. */
const MOST_READ = 10_000
/** Clients that are named. */
const NAMED = 100

/** A client that has a scope in a list of its own. */
export interface ScopeClient {
  readonly id: string
  readonly name: string
  readonly ownerId: string | null
  readonly environment: string
}

export interface ScopeClients {
  readonly count: number
  /** More than {@link MOST_READ} clients are within reach: older ones were not read. */
  readonly atLeast: boolean
  readonly newest: readonly ScopeClient[]
}

/** Unrevoked clients that have a scope in a list of theirs, among the newest within reach. */
export async function clientsWithScope(
  db: Db,
  reach: Reach,
  name: string,
  most = MOST_READ,
): Promise<ScopeClients> {
  const [ownerId, environments] = [ownerOf(reach), environmentsOf(reach)]
  const ofOwner = ownerId === null ? sql`` : sql`where owner_id = ${ownerId}`
  const within = environments === null ? sql`true` : sql`environment = any(${[...environments]}::text[])`
  const holds = sql`revoked_at is null and ${within}
    and ${name} = any(required_scopes || optional_scopes || client_credentials_scopes)`
  const read = sql`
    select * from clients ${ofOwner} order by created_at desc, id desc limit ${most + 1}`
  const { rows: counts } = await sql<{ read: number; n: number }>`
    select count(*)::int as read, (count(*) filter (where ${holds}))::int as n
    from (${read}) as clients`.execute(db)
  const { rows: newest } = await sql<ScopeClient>`
    select id, name, owner_id as "ownerId", environment from (${read}) as clients
    where ${holds} order by created_at desc, id desc limit ${NAMED}`.execute(db)
  const { read: rows = 0, n = 0 } = counts[0] ?? {}
  return { count: Math.min(n, most), atLeast: rows > most, newest }
}
