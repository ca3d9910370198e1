import type { Db, Tx } from '../../db/schema.ts'

/** Stores new codes in place of all earlier ones. */
export async function replaceRecoveryCodes(
  tx: Tx,
  staffId: string,
  hashes: readonly Uint8Array[],
  now: Date,
): Promise<void> {
  await deleteRecoveryCodes(tx, staffId)
  await tx
    .insertInto('staff_recovery_codes')
    .values(hashes.map((hash) => ({ hash, staff_id: staffId, created_at: now })))
    .execute()
}

/** Spends a code. @returns false where it is not one of the member's that is left; of racing requests one succeeds */
export async function spendRecoveryCode(
  tx: Tx,
  staffId: string,
  hash: Uint8Array,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('staff_recovery_codes')
    .set({ spent_at: now })
    .where('hash', '=', hash)
    .where('staff_id', '=', staffId)
    .where('spent_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export interface RecoveryCodesLeft {
  readonly left: number
  /** Null: there never were any. */
  readonly createdAt: Date | null
}

export async function countRecoveryCodes(db: Db, staffId: string): Promise<RecoveryCodesLeft> {
  const { left, createdAt } = await db
    .selectFrom('staff_recovery_codes')
    .select((eb) => [
      eb.fn.countAll<number>().filterWhere('spent_at', 'is', null).as('left'),
      eb.fn.max('created_at').as('createdAt'),
    ])
    .where('staff_id', '=', staffId)
    .executeTakeFirstOrThrow()
  return { left: Number(left), createdAt }
}

export async function deleteRecoveryCodes(tx: Tx, staffId: string): Promise<void> {
  await tx.deleteFrom('staff_recovery_codes').where('staff_id', '=', staffId).execute()
}
