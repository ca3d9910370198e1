import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'

/** The record of a user who is disabled. */
export interface Disabling {
  readonly userId: string
  readonly disabledAt: Date
  readonly reason: string
}

/**
 * Takes a shared lock on the user until the transaction ends: disabling the user or removing an owner waits for it, and
 * then sees and ends what the transaction began. Call it before locking any row of the user.
 *
 * @returns false where the user is disabled
 */
export async function holdEnabled(tx: Tx, userId: string): Promise<boolean> {
  // An advisory lock, not a row lock: users of the external login have no row.
  await sql`select pg_advisory_xact_lock_shared(${USERS}, hashtext(${userId}))`.execute(tx)
  return (await findDisabling(tx, userId)) === undefined
}

/** Takes the exclusive lock on the user: waits for all `holdEnabled`, and keeps new ones waiting. */
export async function lockUser(tx: Tx, userId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${USERS}, hashtext(${userId}))`.execute(tx)
}

/** Namespace of these advisory locks. */
const USERS = sql`hashtext('doorward: users')`

export async function findDisabling(db: Db, userId: string): Promise<Disabling | undefined> {
  return await db
    .selectFrom('disabled_users')
    .select(['user_id as userId', 'disabled_at as disabledAt', 'reason'])
    .where('user_id', '=', userId)
    .executeTakeFirst()
}

export async function insertDisabling(
  tx: Tx,
  { userId, disabledAt, reason }: Disabling,
  disabledBy: string,
): Promise<void> {
  await tx
    .insertInto('disabled_users')
    .values({ user_id: userId, disabled_at: disabledAt, disabled_by: disabledBy, reason })
    .execute()
}

export async function deleteDisabling(tx: Tx, userId: string): Promise<void> {
  await tx.deleteFrom('disabled_users').where('user_id', '=', userId).execute()
}
