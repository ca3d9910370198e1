import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'

/** Verifications with some keys since a moment of the last day, accepted and refused; keys without any are left out. */
export async function callsOfKeys(
  db: Db,
  keyIds: readonly string[],
  since: Date,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ id: string; calls: number }>`
    select secrets.holder_id as id, sum(calls)::bigint as calls
    from secrets join usage_minutes on usage_minutes.credential_id = secrets.id
    where secrets.holder_id = any(${keyIds}::text[]) and bucket >= ${since}::timestamptz
    group by secrets.holder_id`.execute(db)
  return new Map(rows.map(({ id, calls }) => [id, calls]))
}
