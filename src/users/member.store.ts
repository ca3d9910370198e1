import type { Tx } from '../db/schema.ts'

/** A user who may act for an owner. */
export interface Member {
  readonly ownerId: string
  readonly userId: string
}

/** @returns false for an existing member */
export async function insertMember(
  tx: Tx,
  { ownerId, userId }: Member,
  createdBy: string,
  now: Date,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('members')
    .values({ owner_id: ownerId, user_id: userId, created_by: createdBy, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** @returns false where there was no such member */
export async function deleteMember(tx: Tx, { ownerId, userId }: Member): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('members')
    .where('owner_id', '=', ownerId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}
