import { originOfStaff } from '../../audit/visit-origin.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import { enrolledOf } from '../enrolled.store.ts'
import { hasSecondFactor } from '../staff.ts'
import { endSessionsOfStaff } from '../staff-session.store.ts'
import { deleteFactor, renameFactor } from './factor.store.ts'
import { holdOwnFactors, type NotHeld } from './hold-own-factors.ts'
import { deleteRecoveryCodes } from './recovery-code.store.ts'

/** Renames one of a member's own factors. @returns false where it is none of them */
export async function renameOwnFactor(
  tx: Tx,
  visit: Visit,
  staffId: string,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<boolean> {
  const renamed = await renameFactor(tx, staffId, id, name)
  if (renamed === undefined) return false
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_factor.renamed',
    target: { id: staffId, ownerId: null },
    detail: { kind: renamed.kind, name },
  })
  return true
}

/**
 * Removes one of the member's own factors. All other sessions of the member end. The last one cannot be removed where one
 * is demanded: enrol another first.
 */
export async function removeOwnFactor(
  tx: Tx,
  visit: Visit,
  id: string,
  isDemanded: boolean,
): Promise<Result<void, NotHeld | 'unknown' | 'demanded'>> {
  const own = await holdOwnFactors(tx, visit)
  if (!own.ok) return own
  const { staffId } = own.value.session
  const removed = await deleteFactor(tx, staffId, id)
  if (removed === undefined) return no('unknown')
  const isLast = !hasSecondFactor(await enrolledOf(tx, staffId))
  if (isLast && isDemanded) return no('demanded')
  if (isLast) await deleteRecoveryCodes(tx, staffId)
  const ended = await endSessionsOfStaff(tx, staffId, visit.now, own.value.hash)
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_factor.removed',
    target: { id: staffId, ownerId: null },
    detail: { ...removed, sessions_ended: ended },
  })
  return yes(undefined)
}
