import type { AuditEvent } from '../audit/audit-event.ts'
import type { Db } from '../db/schema.ts'

/** An event with the name of the staff member who acted, as it is now; null for other actors. */
export interface NamedEvent extends AuditEvent {
  readonly actorName: string | null
}

/** Adds names to events, which hold ids only: the log is never rewritten, and names change. */
export async function withActorNames(db: Db, events: readonly AuditEvent[]): Promise<NamedEvent[]> {
  const ids = events.flatMap(({ actor: { kind, id } }) => (kind === 'staff' && id !== null ? [id] : []))
  const rows =
    ids.length === 0
      ? []
      : await db
          .selectFrom('staff')
          .select(['id', 'name'])
          .where('id', 'in', [...new Set(ids)])
          .execute()
  const names = new Map(rows.map(({ id, name }) => [id, name]))
  return events.map((event) => ({ ...event, actorName: names.get(event.actor.id ?? '') ?? null }))
}
