import { type Selectable, sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Schema } from '../db/schema.ts'
import type { AttemptsOfNetwork } from './refused-attempt.ts'

/** Retention of refused attempts of strangers. */
const KEPT_SECONDS = 14 * 24 * 3600
/** Rows that one statement deletes: a backlog must not run into the statement's time limit. */
const PRUNED_AT_ONCE = 10_000

/** Inserts rows, or updates the ones that were written before. */
export async function saveAttempts(db: Db, gathered: readonly AttemptsOfNetwork[]): Promise<void> {
  if (gathered.length === 0) return
  await db
    .insertInto('refused_attempts')
    .values(gathered.map(toRow))
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((eb) => ({
        ip: eb.ref('excluded.ip'),
        last_at: eb.ref('excluded.last_at'),
        attempts: eb.ref('excluded.attempts'),
        codes: eb.ref('excluded.codes'),
        routes: eb.ref('excluded.routes'),
      })),
    )
    .execute()
}

/** Newest first. */
export async function listAttempts(db: Db, page: PageRequest): Promise<AttemptsOfNetwork[]> {
  const query = newestFirst(db.selectFrom('refused_attempts').selectAll(), ['began_at', 'id'], page)
  return (await query.execute()).map(fromRow)
}

/** Removes attempts older than two weeks. */
export async function deleteOldAttempts(db: Db, now: Date): Promise<void> {
  await sql`
    delete from refused_attempts where id in (
      select id from refused_attempts where began_at < ${addSeconds(now, -KEPT_SECONDS)}
      order by began_at limit ${PRUNED_AT_ONCE}
    )`.execute(db)
}

function toRow({ id, network, ip, requestId, beganAt, lastAt, attempts, codes, routes }: AttemptsOfNetwork) {
  return {
    ...{ id, network, ip, attempts, request_id: requestId, began_at: beganAt, last_at: lastAt },
    codes: JSON.stringify(codes),
    routes: JSON.stringify(routes),
  }
}

function fromRow(row: Selectable<Schema['refused_attempts']>): AttemptsOfNetwork {
  const { request_id: requestId, began_at: beganAt, last_at: lastAt, ...same } = row
  return { ...same, requestId, beganAt, lastAt }
}
