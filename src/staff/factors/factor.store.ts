import type { Db, Tx } from '../../db/schema.ts'
import { deleteRecoveryCodes } from './recovery-code.store.ts'

/** An enrolled second factor, without what proves it. */
export interface EnrolledSecondFactor {
  readonly id: string
  readonly kind: 'totp'
  readonly name: string
  readonly createdAt: Date
  readonly usedAt: Date
}

/** A member's second factors, oldest first. */
export async function listFactors(db: Db, staffId: string): Promise<EnrolledSecondFactor[]> {
  const apps = await db
    .selectFrom('staff_totp')
    .select(['id', 'name', 'created_at as createdAt', 'used_at as usedAt'])
    .where('staff_id', '=', staffId)
    .execute()
  return apps.map((app) => ({ kind: 'totp', ...app }))
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
  const app = await tx
    .updateTable('staff_totp')
    .set({ name })
    .where('staff_id', '=', staffId)
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst()
  return app === undefined ? undefined : { kind: 'totp', name: app.name }
}

/** @returns undefined where it is not the member's */
export async function deleteFactor(tx: Tx, staffId: string, id: string): Promise<ChangedFactor | undefined> {
  const app = await tx
    .deleteFrom('staff_totp')
    .where('staff_id', '=', staffId)
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst()
  return app === undefined ? undefined : { kind: 'totp', name: app.name }
}

/** Deletes a member's second factors and recovery codes. @returns the factors that there were */
export async function deleteAllFactors(tx: Tx, staffId: string): Promise<ChangedFactor[]> {
  await deleteRecoveryCodes(tx, staffId)
  const apps = await tx.deleteFrom('staff_totp').where('staff_id', '=', staffId).returning('name').execute()
  return apps.map(({ name }) => ({ kind: 'totp', name }))
}
