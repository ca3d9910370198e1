import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import type { Reach } from '../management/caller.ts'
import type { ClientSource } from './client.ts'

/** Clients without pre-registration that are copies of one app: many installations register, each for itself. */
export interface ClientSoftware {
  readonly source: ClientSource
  /** The host of the app's own document; for dynamic registration the name that it says of itself. */
  readonly software: string
  readonly clients: number
  readonly suspended: number
  readonly lastRegisteredAt: Date
}

/** The newest unrevoked clients are grouped, up to here. */
const MOST_GROUPED = 10_000
const MOST_GROUPS = 200

/** Most clients first. */
export async function listSoftware(
  db: Db,
  reach: Reach,
): Promise<{ readonly rows: readonly ClientSoftware[]; readonly atLeast: boolean }> {
  // Such clients belong to no owner, and their users' data is that of every environment.
  if (reach !== 'every_owner') return { rows: [], atLeast: false }
  const { rows } = await sql<{
    source: ClientSource
    software: string
    clients: number
    suspended: number
    last_registered_at: Date
    grouped: number
  }>`
    with newest as (
      select id, source, name, suspended_at, created_at from clients
      where source <> 'registered' and revoked_at is null
      order by created_at desc, id desc limit ${MOST_GROUPED + 1}
    ), named as (
      select source, suspended_at, created_at,
        case source when 'metadata_document' then coalesce(substring(id from '^https://([^/?#]+)'), id) else name end as software
      from newest
    )
    select source, software, count(*)::int as clients, count(suspended_at)::int as suspended,
      max(created_at) as last_registered_at, (select count(*)::int from newest) as grouped
    from named group by source, software order by clients desc, software, source limit ${MOST_GROUPS + 1}`.execute(
    db,
  )
  return {
    rows: rows.slice(0, MOST_GROUPS).map((row) => ({
      source: row.source,
      software: row.software,
      clients: row.clients,
      suspended: row.suspended,
      lastRegisteredAt: row.last_registered_at,
    })),
    atLeast: rows.length > MOST_GROUPS || (rows[0]?.grouped ?? 0) > MOST_GROUPED,
  }
}
