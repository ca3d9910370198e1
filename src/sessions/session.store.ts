import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Tx } from '../db/schema.ts'
import { fromPersonJson, toPersonJson } from './person.store.ts'
import { ABSOLUTE_SECONDS, IDLE_SECONDS, type ListedSession, type Session } from './session.ts'

export async function insertSession(
  tx: Tx,
  hash: Uint8Array,
  session: Omit<Session, 'seenAt'> & Pick<ListedSession, 'ip' | 'userAgent'>,
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
      ip: session.ip,
      user_agent: session.userAgent,
    })
    .execute()
}

/** The session of a token, while it is active. */
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

/** A user's active sessions, newest first. */
export async function listSessions(
  db: Db,
  userId: string,
  now: Date,
  page: PageRequest,
): Promise<ListedSession[]> {
  const query = db
    .selectFrom('sessions')
    .select(['id', 'authenticated_at', 'created_at', 'seen_at', 'expires_at', 'ip', 'user_agent'])
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .where('seen_at', '>', addSeconds(now, -IDLE_SECONDS))
  const rows = await newestFirst(query, ['created_at', 'id'], page).execute()
  return rows.map((row) => ({
    id: row.id,
    authenticatedAt: row.authenticated_at,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    ip: row.ip,
    userAgent: row.user_agent,
  }))
}

/** True for a session of that user, active or ended. */
export async function isSessionOf(
  db: Db,
  { id, userId }: { readonly id: string; readonly userId: string },
): Promise<boolean> {
  const found = await db
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return found !== undefined
}

/** Moves `seen_at` forward, never back: another server may have written a later time. */
export async function touchSession(db: Db, id: string, now: Date): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ seen_at: now })
    .where('id', '=', id)
    .where('seen_at', '<', now)
    .execute()
}

/** @returns the session's user; undefined where it had already ended */
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

/** @returns false where it had already ended, or is another user's */
export async function endSessionOf(
  tx: Tx,
  { id, userId }: { readonly id: string; readonly userId: string },
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** @returns how many sessions ended */
export async function endSessionsOf(tx: Tx, userId: string, now: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('sessions')
    .set({ ended_at: now })
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** An expired session is kept for a day. */
const KEPT_SECONDS = 24 * 3600

export async function pruneSessions(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'sessions', 'expires_at', addSeconds(now, -KEPT_SECONDS))
}
