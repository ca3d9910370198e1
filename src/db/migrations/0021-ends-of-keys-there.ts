import { type Kysely, sql } from 'kysely'
import { nextIds } from '../next-ids.ts'

/** Fills in the expiry of existing keys. */
export async function fill(db: Kysely<unknown>, after: string): Promise<string | null> {
  const ids = await nextIds(db, 'keys', after)
  await sql`
    update keys set ends_at = end_of_key(id)
    where id = any(${ids}::text[]) and ends_at is distinct from end_of_key(id)`.execute(db)
  return ids.at(-1) ?? null
}
