import { type Selectable, sql } from 'kysely'
import { addSeconds } from '../base/clock.ts'
import { forgetBefore } from '../db/in-batches.ts'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Schema, Tx } from '../db/schema.ts'
import { ENROLLED } from './enrolled.store.ts'
import type { RoleName } from './role.ts'
import type { Factor } from './staff.ts'
import { ABSOLUTE_SECONDS, IDLE_SECONDS, type StaffSession } from './staff-session.ts'
import { deleteSignInsOf } from './staff-sign-in.store.ts'

export interface NewStaffSession {
  readonly hash: Uint8Array
  readonly id: string
  readonly staffId: string
  readonly ip: string | null
  readonly userAgent: string | null
  /** The factors that were proved. */
  readonly proven: readonly Factor[]
  /** When the identity provider saw the person sign in, for a session by single sign-on; null: it does not say. */
  readonly ssoAt?: Date | null
}

export async function insertStaffSession(tx: Tx, session: NewStaffSession, now: Date): Promise<void> {
  const at = (factor: Factor) => (session.proven.includes(factor) ? now : null)
  await tx
    .insertInto('staff_sessions')
    .values({
      hash: session.hash,
      id: session.id,
      staff_id: session.staffId,
      created_at: now,
      seen_at: now,
      expires_at: addSeconds(now, ABSOLUTE_SECONDS),
      ip: session.ip,
      user_agent: session.userAgent,
      password_at: at('password'),
      totp_at: at('totp'),
      passkey_at: at('passkey'),
      sso_at: session.ssoAt === undefined ? at('sso') : session.ssoAt,
    })
    .execute()
}

/** A session with the facts of its member that a request needs. */
export interface PresentedSession {
  readonly session: StaffSession
  readonly member: { readonly name: string; readonly email: string; readonly role: RoleName }
  readonly enrolled: readonly Factor[]
}

/** The session of a token, while it is active and its member may sign in. */
export async function sessionByHash(
  db: Db,
  hash: Uint8Array,
  now: Date,
): Promise<PresentedSession | undefined> {
  const row = await active(presented(db), now).where('hash', '=', hash).executeTakeFirst()
  return row === undefined ? undefined : toPresented(row)
}

/**
 * The same as other transactions have committed it. A session that this transaction ends itself still counts: members end
 * their own sessions. Relies on READ COMMITTED, where each statement sees what is committed when it begins.
 */
export async function sessionAtCommit(
  tx: Tx,
  hash: Uint8Array,
  now: Date,
): Promise<PresentedSession | undefined> {
  const row = await presented(tx)
    .where('hash', '=', hash)
    .where(
      sql<boolean>`(ended_at is null or staff_sessions.xmin = pg_current_xact_id()::xid)
        and expires_at > ${now}::timestamptz
        and seen_at > ${addSeconds(now, -IDLE_SECONDS)}::timestamptz`,
    )
    .executeTakeFirst()
  return row === undefined ? undefined : toPresented(row)
}

/** The session with an id, while it is active and its member may sign in. */
export async function sessionById(db: Db, id: string, now: Date): Promise<PresentedSession | undefined> {
  const row = await active(presented(db), now).where('staff_sessions.id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toPresented(row)
}

/** Moves `seen_at` forward, never back. */
export async function touchStaffSession(db: Db, id: string, now: Date): Promise<void> {
  await db
    .updateTable('staff_sessions')
    .set({ seen_at: now })
    .where('id', '=', id)
    .where('seen_at', '<', now)
    .execute()
}

/** A member's active sessions, newest first. */
export async function listStaffSessions(
  db: Db,
  staffId: string,
  now: Date,
  page: PageRequest,
): Promise<StaffSession[]> {
  const query = active(db.selectFrom('staff_sessions').selectAll().where('staff_id', '=', staffId), now)
  return (await newestFirst(query, ['created_at', 'id'], page).execute()).map(toSession)
}

/**
 * Proves a factor again, under a new token: one that was stolen before is worthless.
 *
 * @returns false where the session has ended
 */
export async function proveAgain(
  tx: Tx,
  {
    before,
    after,
    factor,
  }: { readonly before: Uint8Array; readonly after: Uint8Array; readonly factor: Factor },
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('staff_sessions')
    .set({ hash: after, seen_at: now, [`${factor}_at`]: now })
    .where('hash', '=', before)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Notes a sign-in at the identity provider in a session, under a new token. */
export async function confirmSession(
  tx: Tx,
  { id, hash, ssoAt }: { readonly id: string; readonly hash: Uint8Array; readonly ssoAt: Date },
  now: Date,
): Promise<void> {
  await tx
    .updateTable('staff_sessions')
    .set({ hash, seen_at: now, sso_at: ssoAt })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute()
}

/** @returns the session's member; undefined where it had already ended */
export async function endStaffSession(
  tx: Tx,
  hash: Uint8Array,
  now: Date,
): Promise<{ id: string; staffId: string } | undefined> {
  return await tx
    .updateTable('staff_sessions')
    .set({ ended_at: now })
    .where('hash', '=', hash)
    .where('ended_at', 'is', null)
    .returning(['id', 'staff_id as staffId'])
    .executeTakeFirst()
}

/** @returns whether it is the member's, and whether it ended now */
export async function endStaffSessionOf(
  tx: Tx,
  { id, staffId }: { readonly id: string; readonly staffId: string },
  now: Date,
): Promise<'unknown' | 'ended' | 'was_ended'> {
  const known = await tx
    .selectFrom('staff_sessions')
    .select('ended_at')
    .where('id', '=', id)
    .where('staff_id', '=', staffId)
    .forUpdate()
    .executeTakeFirst()
  if (known === undefined) return 'unknown'
  if (known.ended_at !== null) return 'was_ended'
  await tx.updateTable('staff_sessions').set({ ended_at: now }).where('id', '=', id).execute()
  return 'ended'
}

/**
 * Ends a member's sessions, and sign-ins under way.
 *
 * @param except hash of a session that stays
 * @returns how many sessions ended
 */
export async function endSessionsOfStaff(
  tx: Tx,
  staffId: string,
  now: Date,
  except: Uint8Array | null = null,
): Promise<number> {
  await deleteSignInsOf(tx, staffId)
  const query = tx
    .updateTable('staff_sessions')
    .set({ ended_at: now })
    .where('staff_id', '=', staffId)
    .where('ended_at', 'is', null)
  const { numUpdatedRows } = await (except === null
    ? query
    : query.where('hash', '!=', except)
  ).executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Ends the sessions that began without single sign-on, but for one. @returns how many */
export async function endSessionsWithoutSso(tx: Tx, keptHash: Uint8Array, now: Date): Promise<number> {
  const { numUpdatedRows } = await tx
    .updateTable('staff_sessions')
    .set({ ended_at: now })
    .where('ended_at', 'is', null)
    .where('sso_at', 'is', null)
    .where((eb) => eb.or([eb('password_at', 'is not', null), eb('passkey_at', 'is not', null)]))
    .where('hash', '!=', keptHash)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** An expired session is kept for a day. */
const KEPT_SECONDS = 24 * 3600

export async function pruneStaffSessions(db: Db, now: Date): Promise<void> {
  await forgetBefore(db, 'staff_sessions', 'expires_at', addSeconds(now, -KEPT_SECONDS))
}

function presented(db: Db) {
  return db
    .selectFrom('staff_sessions')
    .innerJoin('staff', 'staff.id', 'staff_sessions.staff_id')
    .selectAll('staff_sessions')
    .select(['staff.name', 'staff.email', 'staff.role'])
    .select(ENROLLED.as('enrolled'))
    .where('disabled_at', 'is', null)
    .where('removed_at', 'is', null)
}

interface Filterable<Q> {
  where(column: 'ended_at', operator: 'is', value: null): Q
  where(column: 'expires_at' | 'seen_at', operator: '>', value: Date): Q
}

function active<Q extends Filterable<Q>>(query: Q, now: Date): Q {
  return query
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .where('seen_at', '>', addSeconds(now, -IDLE_SECONDS))
}

type Row = Selectable<Schema['staff_sessions']>
type PresentedRow = Awaited<ReturnType<ReturnType<typeof presented>['executeTakeFirstOrThrow']>>

function toPresented(row: PresentedRow): PresentedSession {
  const { name, email, role, enrolled } = row
  return {
    session: toSession(row),
    member: { name, email, role: role as RoleName },
    enrolled,
  }
}

function toSession(row: Row): StaffSession {
  return {
    id: row.id,
    staffId: row.staff_id,
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    ip: row.ip,
    userAgent: row.user_agent,
    provenAt: { password: row.password_at, totp: row.totp_at, passkey: row.passkey_at, sso: row.sso_at },
  }
}
