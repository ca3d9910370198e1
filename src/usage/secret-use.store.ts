import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'

/** Verifications with one secret in one minute. */
export interface MinuteOfSecret {
  readonly secretId: string
  readonly minute: Date
  readonly accepted: number
  readonly refused: number
}

/** Verifications with some secrets by minute, since the start of a minute. */
export async function minutesOfSecrets(
  db: Db,
  secretIds: readonly string[],
  since: Date,
): Promise<MinuteOfSecret[]> {
  const { rows } = await sql<MinuteOfSecret>`
    select credential_id as "secretId", bucket as minute,
      coalesce(sum(calls) filter (where outcome = 'accepted'), 0)::bigint as accepted,
      coalesce(sum(calls) filter (where outcome <> 'accepted'), 0)::bigint as refused
    from usage_minutes
    where credential_id = any(${secretIds}::text[]) and bucket >= ${since}
    group by credential_id, bucket`.execute(db)
  return rows
}
