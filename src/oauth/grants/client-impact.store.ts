import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'

/** Whom a suspension of a client hits: its unrevoked, unexpired grants. */
export interface ClientImpact {
  readonly grants: number
  readonly users: number
  readonly owners: number
  readonly usedLastDay: number
  readonly lastUsedAt: Date | null
  /** More grants than were counted. */
  readonly atLeast: boolean
}

/** Grants are counted up to here. */
const MOST_COUNTED = 10_000

/** @param ownerId only grants for this owner; null: every owner */
export async function impactOf(
  db: Db,
  { clientId, ownerId, now, since }: { clientId: string; ownerId: string | null; now: Date; since: Date },
): Promise<ClientImpact> {
  const { rows } = await sql<{
    grants: number
    users: number
    owners: number
    used: number
    last_used_at: Date | null
  }>`
    with hit as (
      select user_id, owner_id, last_used_at from grants
      where client_id = ${clientId} and revoked_at is null and (expires_at is null or expires_at > ${now})
        and (${ownerId}::text is null or owner_id = ${ownerId})
      limit ${MOST_COUNTED + 1}
    )
    select count(*)::int as grants, count(distinct user_id)::int as users, count(distinct owner_id)::int as owners,
      (count(*) filter (where last_used_at >= ${since}))::int as used, max(last_used_at) as last_used_at
    from hit`.execute(db)
  const [row] = rows
  const grants = row?.grants ?? 0
  return {
    grants: Math.min(grants, MOST_COUNTED),
    users: Math.min(row?.users ?? 0, MOST_COUNTED),
    owners: Math.min(row?.owners ?? 0, MOST_COUNTED),
    usedLastDay: Math.min(row?.used ?? 0, MOST_COUNTED),
    lastUsedAt: row?.last_used_at ?? null,
    atLeast: grants > MOST_COUNTED,
  }
}
