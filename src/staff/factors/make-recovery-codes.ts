import { originOfStaff } from '../../audit/visit-origin.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import { hasSecondFactor } from '../staff.ts'
import { holdOwnFactors, type NotHeld } from './hold-own-factors.ts'
import { countRecoveryCodes, replaceRecoveryCodes } from './recovery-code.store.ts'
import { hashRecoveryCode, mintRecoveryCodes } from './recovery-code.ts'

/** Makes a member's first codes. @returns null where there are some already */
export async function makeFirstRecoveryCodes(
  tx: Tx,
  visit: Visit,
  staffId: string,
): Promise<readonly string[] | null> {
  const { left } = await countRecoveryCodes(tx, staffId)
  return left > 0 ? null : await makeCodes(tx, visit, staffId)
}

/** Makes new codes, and ends the earlier ones. They are for members who have a second factor to lose. */
export async function renewRecoveryCodes(
  tx: Tx,
  visit: Visit,
): Promise<Result<readonly string[], NotHeld | 'no_second_factor'>> {
  const own = await holdOwnFactors(tx, visit)
  if (!own.ok) return own
  if (!hasSecondFactor(own.value.enrolled)) return no('no_second_factor')
  return yes(await makeCodes(tx, visit, own.value.session.staffId))
}

async function makeCodes(tx: Tx, visit: Visit, staffId: string): Promise<readonly string[]> {
  const codes = mintRecoveryCodes()
  await replaceRecoveryCodes(tx, staffId, codes.map(hashRecoveryCode), visit.now)
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_recovery_codes.created',
    target: { id: staffId, ownerId: null },
    detail: { codes: codes.length },
  })
  return codes
}
