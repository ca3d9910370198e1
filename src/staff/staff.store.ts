import { sql } from 'kysely'
import type { Db, Tx } from '../db/schema.ts'
import type { StaffMember } from './staff.ts'

/** @returns false where the e-mail address is taken */
export async function insertStaff(
  tx: Tx,
  member: Pick<StaffMember, 'id' | 'email' | 'name' | 'role' | 'createdBy' | 'createdAt'> & {
    readonly passwordHash: string
  },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('staff')
    .values({
      id: member.id,
      email: member.email,
      name: member.name,
      role: member.role,
      password_hash: member.passwordHash,
      created_by: member.createdBy,
      created_at: member.createdAt,
    })
    .onConflict((conflict) => conflict.column('email').where('removed_at', 'is', null).doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** What a sign-in compares: nothing of a disabled or removed member. */
export async function passwordOf(
  db: Db,
  email: string,
): Promise<{ staffId: string; passwordHash: string | null } | undefined> {
  return await present(db)
    .clearSelect()
    .select(['id as staffId', 'password_hash as passwordHash'])
    .where('email', '=', email)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
}

/**
 * Share-locks the member until the transaction ends, so that disabling sees what it begins.
 *
 * @returns the stored password; undefined where the member is disabled or removed
 */
export async function holdEnabledStaff(
  tx: Tx,
  id: string,
): Promise<{ passwordHash: string | null } | undefined> {
  return await present(tx)
    .clearSelect()
    .select('password_hash as passwordHash')
    .where('id', '=', id)
    .where('disabled_at', 'is', null)
    .forShare()
    .executeTakeFirst()
}

export async function setStaffPassword(tx: Tx, id: string, passwordHash: string): Promise<void> {
  await tx.updateTable('staff').set({ password_hash: passwordHash }).where('id', '=', id).execute()
}

/** Keeps two changes of staff from leaving no administrator, and two first links from making two. */
export async function lockAllStaff(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('doorward: staff'))`.execute(tx)
}

export async function isAnyStaff(db: Db): Promise<boolean> {
  return (await db.selectFrom('staff').select('id').limit(1).executeTakeFirst()) !== undefined
}

function present(db: Db) {
  return db.selectFrom('staff').selectAll().where('removed_at', 'is', null)
}
