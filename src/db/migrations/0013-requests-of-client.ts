import { type Kysely, sql } from 'kysely'

/** Index for deleting a displaced client with its unanswered requests; without it each deletion scans all requests. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index authorization_requests_of_client on authorization_requests (client_id)`.execute(db)
}
