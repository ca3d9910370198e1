import { type Kysely, sql } from 'kysely'

/**
 * An index for each filter of the list of audit events that has none, so that a page costs what it shows. Filters are
 * in the order of the chain; a span of time is in the order of time, which clocks that differ make another one.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index audit_events_of_actor on audit_events (actor_id, seq desc)`.execute(db)
  await sql`create index audit_events_of_action on audit_events (action, seq desc)`.execute(db)
  await sql`create index audit_events_of_result on audit_events (result, seq desc)`.execute(db)
  await sql`create index audit_events_by_time on audit_events (at, seq)`.execute(db)
}
