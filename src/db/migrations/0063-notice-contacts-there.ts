import { type Kysely, sql } from 'kysely'
import { nextIds } from '../next-ids.ts'

/** Takes the one address of existing owners over into the list. */
export async function fill(db: Kysely<unknown>, after: string): Promise<string | null> {
  const ids = await nextIds(db, 'owners', after)
  await sql`
    update owners set notice_contacts = array[notice_email]
    where id = any(${ids}::text[]) and notice_email is not null and notice_contacts = '{}'`.execute(db)
  return ids.at(-1) ?? null
}
