import { type Kysely, sql } from 'kysely'

/**
 * Every grant has its implied scopes from now on. Not validated: it would read the whole table under a lock that stops
 * requests, and the rows that exist were filled by the migration before.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table grants add constraint grants_brought_known check (brought is not null) not valid`.execute(db)
}
