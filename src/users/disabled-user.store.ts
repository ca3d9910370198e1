import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'

/** That somebody may not sign in, nor be signed in. */
export interface Disabling {
  readonly userId: string
  readonly disabledAt: Date
  readonly reason: string
}

/**
 * Has whoever disables the user, or takes an owner from them, wait until the transaction ends: what it begins, they will
 * see and end. Ask before anything of the user's is locked.
 *
 * @returns false where the user is disabled
 */
export async function holdEnabled(tx: Tx, userId: string): Promise<boolean> {
  // No row's lock: people that the API provider's own login vouches for have none.
  await sql`select pg_advisory_xact_lock_shared(${USERS}, hashtext(${userId}))`.execute(tx)
  return (await findDisabling(tx, userId)) === undefined
}

/** Waits for all that hold the user, and has others wait until the transaction ends. */
export async function lockUser(tx: Tx, userId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${USERS}, hashtext(${userId}))`.execute(tx)
}

/** What tells these locks from others. */
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

/** @returns false where there was none */
export async function deleteDisabling(tx: Tx, userId: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('disabled_users')
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}
