import { addSeconds } from '../base/clock.ts'
import type { Db, Tx } from '../db/schema.ts'
import { fromPersonJson, toPersonJson } from './person.store.ts'
import { ABSOLUTE_SECONDS, IDLE_SECONDS, type Session } from './session.ts'

export async function insertSession(
  tx: Tx,
  hash: Uint8Array,
  session: Omit<Session, 'seenAt'>,
  now: Date,
): Promise<void> {
  await tx
    .insertInto('sessions')
    .values({
      hash,
      id: session.id,
      user_id: session.userId,
      person: session.person === null ? null : toPersonJson(session.person),
      authenticated_at: session.authenticatedAt,
      created_at: now,
      seen_at: now,
      expires_at: addSeconds(now, ABSOLUTE_SECONDS),
    })
    .execute()
}

/** The session of a token, while it lasts. */
export async function findSession(db: Db, hash: Uint8Array, now: Date): Promise<Session | undefined> {
  const row = await db
    .selectFrom('sessions')
    .selectAll()
    .where('hash', '=', hash)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .where('seen_at', '>', addSeconds(now, -IDLE_SECONDS))
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    id: row.id,
    userId: row.user_id,
    person: fromPersonJson(row.person),
    authenticatedAt: row.authenticated_at,
    seenAt: row.seen_at,
  }
}

/** Never later than another server has written already. */
export async function noteSeen(db: Db, id: string, now: Date): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ seen_at: now })
    .where('id', '=', id)
    .where('seen_at', '<', now)
    .execute()
}

/** @returns whose session it was; undefined where it was over already */
export async function endSession(
  tx: Tx,
  hash: Uint8Array,
  now: Date,
): Promise<{ id: string; userId: string } | undefined> {
  const row = await tx
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('hash', '=', hash)
    .where('ended_at', 'is', null)
    .returning(['id', 'user_id'])
    .executeTakeFirst()
  return row === undefined ? undefined : { id: row.id, userId: row.user_id }
}

/** @returns how many */
export async function endSessionsOf(tx: Tx, userId: string, now: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}
