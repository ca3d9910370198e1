import type { Db, Tx } from '../../db/schema.ts'
import { deleteRecoveryCodes } from './recovery-code.store.ts'

/** Tables of the kinds of second factors. */
const TABLES = { totp: 'staff_totp', passkey: 'staff_passkeys' } as const
const KINDS = ['totp', 'passkey'] as const

/** An enrolled second factor, without what proves it. */
export interface EnrolledSecondFactor {
  readonly id: string
  readonly kind: (typeof KINDS)[number]
  readonly name: string
  readonly createdAt: Date
  readonly usedAt: Date
}

/** A member's second factors: the app, then passkeys, oldest first. */
export async function listFactors(db: Db, staffId: string): Promise<EnrolledSecondFactor[]> {
  const found: EnrolledSecondFactor[] = []
  for (const kind of KINDS) {
    const rows = await db
      .selectFrom(TABLES[kind])
      .select(['id', 'name', 'created_at as createdAt', 'used_at as usedAt'])
      .where('staff_id', '=', staffId)
      .orderBy('created_at')
      .execute()
    found.push(...rows.map((row) => ({ kind, ...row })))
  }
  return found
}

/** A factor that was changed, for the audit log. */
export type ChangedFactor = Pick<EnrolledSecondFactor, 'kind' | 'name'>

/** @returns undefined where it is not the member's */
export async function renameFactor(
  tx: Tx,
  staffId: string,
  id: string,
  name: string,
): Promise<ChangedFactor | undefined> {
  for (const kind of KINDS) {
    const row = await tx
      .updateTable(TABLES[kind])
      .set({ name })
      .where('staff_id', '=', staffId)
      .where('id', '=', id)
      .returning('name')
      .executeTakeFirst()
    if (row !== undefined) return { kind, name: row.name }
  }
  return undefined
}

/** @returns undefined where it is not the member's */
export async function deleteFactor(tx: Tx, staffId: string, id: string): Promise<ChangedFactor | undefined> {
  for (const kind of KINDS) {
    const row = await tx
      .deleteFrom(TABLES[kind])
      .where('staff_id', '=', staffId)
      .where('id', '=', id)
      .returning('name')
      .executeTakeFirst()
    if (row !== undefined) return { kind, name: row.name }
  }
  return undefined
}

/** Deletes a member's second factors and recovery codes. @returns the factors that there were */
export async function deleteAllFactors(tx: Tx, staffId: string): Promise<ChangedFactor[]> {
  await deleteRecoveryCodes(tx, staffId)
  const deleted: ChangedFactor[] = []
  for (const kind of KINDS) {
    const rows = await tx.deleteFrom(TABLES[kind]).where('staff_id', '=', staffId).returning('name').execute()
    deleted.push(...rows.map(({ name }) => ({ kind, name })))
  }
  return deleted
}
