import { sql } from 'kysely'
import { contains, type SortedPage, sorted } from '../db/keyset.ts'
import type { Db } from '../db/schema.ts'
import type { Reach } from '../management/caller.ts'
import { secretsOf } from '../secrets/secret.store.ts'
import { fromRow, withinReach } from './client.store.ts'
import type { ClientSource, ClientState, ClientWithSecrets } from './client.ts'

export interface ClientFilter {
  readonly ownerId?: string | undefined
  readonly environment?: string | undefined
  readonly state?: ClientState | undefined
  readonly source?: ClientSource | undefined
  /** In the name or the id. */
  readonly q?: string | undefined
}

export async function listClients(
  db: Db,
  reach: Reach,
  filter: ClientFilter,
  page: SortedPage,
): Promise<ClientWithSecrets[]> {
  let query = sorted(withinReach(db, reach), BY, page)
  if (filter.ownerId !== undefined) query = query.where('clients.owner_id', '=', filter.ownerId)
  if (filter.environment !== undefined) query = query.where('clients.environment', '=', filter.environment)
  if (filter.source !== undefined) query = query.where('clients.source', '=', filter.source)
  if (filter.q !== undefined) query = query.where(contains(sql`clients.name || ' ' || clients.id`, filter.q))
  if (filter.state !== undefined)
    query = query.where(
      sql<string>`case
        when clients.revoked_at is not null then 'revoked'
        when clients.suspended_at is not null or owners.suspended_at is not null then 'suspended'
        when clients.published_at is null then 'draft'
        else 'live' end`,
      '=',
      filter.state,
    )
  const rows = await query.execute()
  const secrets = await secretsOf(
    db,
    rows.map((row) => row.id),
  )
  return rows.map((row) => ({
    ...fromRow(row),
    secrets: secrets.filter(({ holderId }) => holderId === row.id),
  }))
}

const BY = {
  table: 'clients',
  moment: 'clients.created_at',
  id: 'clients.id',
  folded: sql<string>`lower(clients.name) collate "C"`,
} as const
