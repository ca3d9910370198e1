import { sql } from 'kysely'
import { newestFirst, type PageRequest } from '../db/keyset.ts'
import type { Db, Tx } from '../db/schema.ts'
import { ENROLLED } from './enrolled.store.ts'
import type { RoleName } from './role.ts'
import type { Factor, StaffMember } from './staff.ts'

/** @returns false where the e-mail address is taken */
export async function insertStaff(
  tx: Tx,
  member: Pick<StaffMember, 'id' | 'email' | 'name' | 'role' | 'createdBy' | 'createdAt'> & {
    /** Null: signs in by single sign-on alone. */
    readonly passwordHash: string | null
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

/** Password hash for a sign-in; undefined for a disabled or removed member. */
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

/** Locks the member against sign-ins until the transaction ends: they see the factors that it leaves. */
export async function lockStaff(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('staff').select('id').where('id', '=', id).forNoKeyUpdate().execute()
}

export async function setStaffPassword(tx: Tx, id: string, passwordHash: string): Promise<void> {
  await tx.updateTable('staff').set({ password_hash: passwordHash }).where('id', '=', id).execute()
}

/** Replaces the hash of the same password, unless another was set meanwhile. */
export async function replaceStaffPassword(
  db: Db,
  id: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  await db
    .updateTable('staff')
    .set({ password_hash: to })
    .where('id', '=', id)
    .where('password_hash', '=', from)
    .execute()
}

/** Keeps two changes of staff from leaving no administrator, and two first links from making two. */
export async function lockAllStaff(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('doorward: staff'))`.execute(tx)
}

export async function isAnyStaff(db: Db): Promise<boolean> {
  return (await db.selectFrom('staff').select('id').limit(1).executeTakeFirst()) !== undefined
}

/** A member, the last request of a recent session, and the enrolled factors, weakest first, with their numbers. */
export interface ListedStaff extends StaffMember {
  readonly seenAt: Date | null
  readonly enrolled: readonly Factor[]
  readonly passkeys: number
  readonly recoveryCodesLeft: number
}

/** A member in any state but removed. */
export async function findStaff(db: Db, id: string): Promise<ListedStaff | undefined> {
  const row = await listed(db).where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : toListed(row)
}

export async function staffByEmail(db: Db, email: string): Promise<ListedStaff | undefined> {
  const row = await listed(db).where('email', '=', email).executeTakeFirst()
  return row === undefined ? undefined : toListed(row)
}

export async function listStaff(db: Db, page: PageRequest): Promise<ListedStaff[]> {
  return (await newestFirst(listed(db), ['created_at', 'id'], page).execute()).map(toListed)
}

/** Administrators who can sign in, but for one. */
export async function countOtherAdministrators(tx: Tx, id: string): Promise<number> {
  const { n } = await tx
    .selectFrom('staff')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('role', '=', 'administrator')
    .where('disabled_at', 'is', null)
    .where('removed_at', 'is', null)
    .where('id', '!=', id)
    .executeTakeFirstOrThrow()
  return Number(n)
}

export interface StaffChange {
  readonly role?: RoleName
  readonly disabled_at?: Date | null
  readonly disabled_reason?: string | null
  readonly removed_at?: Date
  readonly removed_reason?: string
  readonly password_hash?: null
}

export async function updateStaff(tx: Tx, id: string, change: StaffChange): Promise<void> {
  await tx.updateTable('staff').set(change).where('id', '=', id).execute()
}

function present(db: Db) {
  return db.selectFrom('staff').selectAll().where('removed_at', 'is', null)
}

function listed(db: Db) {
  return present(db).select([
    sql<Date | null>`(select max(seen_at) from staff_sessions where staff_id = staff.id)`.as('seen_at'),
    ENROLLED.as('enrolled'),
    sql<number>`(select count(*)::int from staff_passkeys where staff_id = staff.id)`.as('passkeys'),
    sql<number>`(
      select count(*)::int from staff_recovery_codes where staff_id = staff.id and spent_at is null
    )`.as('recovery_codes_left'),
  ])
}

function toListed(
  row: Awaited<ReturnType<ReturnType<typeof listed>['executeTakeFirstOrThrow']>>,
): ListedStaff {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role as RoleName,
    createdBy: row.created_by,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    disabledReason: row.disabled_reason,
    removedAt: row.removed_at,
    seenAt: row.seen_at,
    enrolled: row.enrolled,
    passkeys: row.passkeys,
    recoveryCodesLeft: row.recovery_codes_left,
  }
}
