import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'

/** Number of refusals of a client at one endpoint for one reason, and the last one. */
export interface ClientRefusalCount {
  readonly clientId: string
  readonly endpoint: string
  readonly reason: string
  readonly count: number
  readonly lastAt: Date
  readonly lastIp: string | null
}

export async function storeRefusals(db: Db, counts: readonly ClientRefusalCount[]): Promise<void> {
  await sql`
    insert into client_refusals (client_id, endpoint, reason, count, last_at, last_ip)
    select client_id, endpoint, reason, count, last_at, last_ip
    from unnest(
      ${counts.map((each) => each.clientId)}::text[],
      ${counts.map((each) => each.endpoint)}::text[],
      ${counts.map((each) => each.reason)}::text[],
      ${counts.map((each) => each.count)}::bigint[],
      ${counts.map((each) => each.lastAt)}::timestamptz[],
      ${counts.map((each) => each.lastIp)}::text[]
    ) as batch (client_id, endpoint, reason, count, last_at, last_ip)
    where exists (select from clients where clients.id = batch.client_id)
    order by client_id, endpoint, reason
    on conflict (client_id, endpoint, reason) do update set
      count = client_refusals.count + excluded.count,
      last_at = greatest(client_refusals.last_at, excluded.last_at),
      last_ip = excluded.last_ip`.execute(db)
}

/** Newest first. */
export async function refusalsOf(db: Db, clientId: string): Promise<ClientRefusalCount[]> {
  const rows = await db
    .selectFrom('client_refusals')
    .selectAll()
    .where('client_id', '=', clientId)
    .orderBy('last_at', 'desc')
    .execute()
  return rows.map((row) => ({
    clientId: row.client_id,
    endpoint: row.endpoint,
    reason: row.reason,
    count: Number(row.count),
    lastAt: row.last_at,
    lastIp: row.last_ip,
  }))
}
