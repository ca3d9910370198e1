import { type Kysely, sql } from 'kysely'

/**
 * Scopes that each granted scope implied at the time of consent, as `<scope> <implied>`: later implications are not
 * granted. Existing grants are taken to be of today's catalogue.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table grants add column brought text[] not null default '{}'`.execute(db)
  await sql`
    update grants set brought = array(
      with recursive reach (root, name) as (
        select scope, scope from unnest(grants.scopes) as scope
        union
        select reach.root, implied
        from reach
        join scopes on scopes.name = reach.name
        cross join lateral unnest(scopes.implies) as implied
      )
      select root || ' ' || name from reach where name <> root order by 1
    )
    where revoked_at is null
      and scopes && array(select name from scopes where cardinality(implies) > 0)`.execute(db)
}
