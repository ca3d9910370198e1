import { sql } from 'kysely'
import { PREPARED } from '../db/prepared.ts'
import type { Db } from '../db/schema.ts'

/** What introspection tells of a credential beside its verdict. */
export interface AboutToken {
  readonly createdAt: Date
  /** API identifiers; null for keys. */
  readonly audiences: readonly string[] | null
}

/** @param hash 64 hex digits; null where there is neither a key nor a token with it */
export async function aboutToken(db: Db, hash: string): Promise<AboutToken | null> {
  const bytes = Buffer.from(hash, 'hex')
  const { rows } = await sql<{ created_at: Date; audiences: string[] | null }>`
    select ${PREPARED} created_at, null::text[] as audiences from secrets where hash = ${bytes}
    union all
    select tokens.created_at, case when tokens.resources <> '{}' then tokens.resources else array(
      select apis.identifier from apis where apis.id in (select api_id from scopes where name = any(tokens.scopes))
    ) end
    from access_tokens as tokens where hash = ${bytes}`.execute(db)
  const [row] = rows
  return row === undefined ? null : { createdAt: row.created_at, audiences: row.audiences }
}
