import { type Kysely, sql } from 'kysely'

/**
 * Scopes that each granted scope implied at the time of consent, as `<scope> <implied>`: later implications are not
 * granted. Null in grants that exist, until a later migration fills them in.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table grants add column brought text[]`.execute(db)
  // For grants of servers of the previous version, which are still running. Not for those that exist.
  await sql`alter table grants alter column brought set default '{}'`.execute(db)
}
