import { sql } from 'kysely'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { Db } from '../db/schema.ts'

/** Name and environment of what an event is about, as they are now. */
export interface Subject {
  readonly name: string
  /** Null: it belongs to none. */
  readonly environment: string | null
}

/** Finds the names of what some events are about; the log holds ids only. */
export async function subjectsOf(
  db: Db,
  events: readonly Pick<AuditEvent, 'action' | 'targetId'>[],
): Promise<ReadonlyMap<string, Subject>> {
  const isOwner = ({ action }: Pick<AuditEvent, 'action'>) => action.startsWith('owner.')
  const idsOf = (some: readonly Pick<AuditEvent, 'targetId'>[]) => [
    ...new Set(some.flatMap(({ targetId }) => (targetId === null ? [] : [targetId]))),
  ]
  // An owner's id is the API provider's own: it may look like the id of anything.
  const ids = idsOf(events.filter((event) => !isOwner(event)))
  const ownerIds = idsOf(events.filter(isOwner))
  const { rows } = await sql<{ id: string; name: string; environment: string | null }>`
    select id, name, environment from keys where id = any(${ids}::text[])
    union all select id, name, environment from clients where id = any(${ids}::text[])
    union all select id, name, null from admin_keys where id = any(${ids}::text[])
    union all select id, name, null from staff where id = any(${ids}::text[])
    union all select id, name, null from owners where id = any(${ownerIds}::text[]) and name is not null`.execute(
    db,
  )
  return new Map(rows.map(({ id, name, environment }) => [id, { name, environment }]))
}
