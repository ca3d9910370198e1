import { type Kysely, sql } from 'kysely'
import { nextIds } from '../next-ids.ts'

/** Fills in the implied scopes of existing grants, which are taken to be of today's catalogue. */
export async function fill(db: Kysely<unknown>, after: string): Promise<string | null> {
  const ids = await nextIds(db, 'grants', after)
  await sql`
    update grants set brought = case when revoked_at is null then array(
      with recursive reach (root, name) as (
        select scope, scope from unnest(grants.scopes) as scope
        union
        select reach.root, implied
        from reach
        join scopes on scopes.name = reach.name
        cross join lateral unnest(scopes.implies) as implied
      )
      select root || ' ' || name from reach where name <> root order by 1
    ) else '{}' end
    where id = any(${ids}::text[]) and brought is null`.execute(db)
  return ids.at(-1) ?? null
}
