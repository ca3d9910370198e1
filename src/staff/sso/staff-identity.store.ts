import { sql } from 'kysely'
import type { Db, Tx } from '../../db/schema.ts'

/** A person at an identity provider. The e-mail address is no part of it: providers let people change theirs. */
export interface Identity {
  readonly issuer: string
  readonly subject: string
}

/** The member of an identity, whatever the member's state. */
export async function staffOfIdentity(
  db: Db,
  { issuer, subject }: Identity,
): Promise<{ staffId: string; isRemoved: boolean } | undefined> {
  return await db
    .selectFrom('staff_identities')
    .innerJoin('staff', 'staff.id', 'staff_identities.staff_id')
    .select(['staff.id as staffId', sql<boolean>`removed_at is not null`.as('isRemoved')])
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()
}

/** A member's subject at an issuer. */
export async function subjectOf(db: Db, staffId: string, issuer: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('staff_identities')
    .select('subject')
    .where('staff_id', '=', staffId)
    .where('issuer', '=', issuer)
    .executeTakeFirst()
  return row?.subject
}

/** Links an identity to a member, in place of a removed member. @returns false where another member has it, or the member has another */
export async function insertIdentity(
  tx: Tx,
  { issuer, subject }: Identity,
  staffId: string,
  now: Date,
): Promise<boolean> {
  await tx
    .deleteFrom('staff_identities')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .where('staff_id', 'in', (eb) => eb.selectFrom('staff').select('id').where('removed_at', 'is not', null))
    .execute()
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('staff_identities')
    .values({ issuer, subject, staff_id: staffId, linked_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** @returns the identities that the member had */
export async function deleteIdentitiesOf(tx: Tx, staffId: string): Promise<Identity[]> {
  return await tx
    .deleteFrom('staff_identities')
    .where('staff_id', '=', staffId)
    .returning(['issuer', 'subject'])
    .execute()
}

/** The state of the member who has or had an address; undefined: no member ever had it. */
export async function addressOfStaff(tx: Tx, email: string): Promise<'active' | 'removed' | undefined> {
  const rows = await tx.selectFrom('staff').select('removed_at').where('email', '=', email).execute()
  if (rows.length === 0) return undefined
  return rows.some((row) => row.removed_at === null) ? 'active' : 'removed'
}
