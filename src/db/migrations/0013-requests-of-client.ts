import { type Kysely, sql } from 'kysely'

/** A client that makes room for another takes its unanswered requests along; without this each looks at all of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index authorization_requests_of_client on authorization_requests (client_id)`.execute(db)
}
