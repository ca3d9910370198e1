import { sql } from 'kysely'
import { PREPARED } from '../../db/prepared.ts'
import type { Db } from '../../db/schema.ts'

/** @param hash 64 hex digits; null where there is neither a key nor a token with it */
export async function findIssuedAt(db: Db, hash: string): Promise<Date | null> {
  const bytes = Buffer.from(hash, 'hex')
  const { rows } = await sql<{ created_at: Date }>`
    select ${PREPARED} created_at from secrets where hash = ${bytes}
    union all
    select created_at from access_tokens where hash = ${bytes}`.execute(db)
  return rows[0]?.created_at ?? null
}
