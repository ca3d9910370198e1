import { type Kysely, sql } from 'kysely'

/**
 * Finds the events of an action within a period, in the order of time. By the index of time alone, a report about the few
 * events of one action would read the events of all others.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index audit_events_of_action_by_time on audit_events (action, at, seq)`.execute(db)
}
