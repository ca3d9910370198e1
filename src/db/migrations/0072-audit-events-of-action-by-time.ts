import { type Kysely, sql } from 'kysely'

/**
 * Finds the events of an action within a period, in the order of time. By the index of time alone, a report about the few
 * events of one action would read the events of all others.
 *
 * Its collation is one that no other index has. Otherwise Postgres may take that of actions and places in the chain, and
 * sort all events of the action instead.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index audit_events_of_action_by_time on audit_events (action collate "C", at, seq)`.execute(
    db,
  )
}
