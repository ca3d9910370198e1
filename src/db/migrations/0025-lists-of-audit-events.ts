import { type Kysely, sql } from 'kysely'

/**
 * One index per filter of the list of audit events, so that the cost of a page depends on its length only. Filtered lists
 * are in chain order; a time range is in the order of time, which differs where servers' clocks differ.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index audit_events_of_actor on audit_events (actor_id, seq desc)`.execute(db)
  await sql`create index audit_events_of_action on audit_events (action, seq desc)`.execute(db)
  await sql`create index audit_events_of_result on audit_events (result, seq desc)`.execute(db)
  await sql`create index audit_events_by_time on audit_events (at, seq)`.execute(db)
}
