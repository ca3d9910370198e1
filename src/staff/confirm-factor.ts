import { originOfStaff } from '../audit/visit-origin.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import { record } from '../changes/record.ts'
import type { Db } from '../db/schema.ts'
import type { Visit } from '../pages/visit.ts'
import type { Factor } from './staff.ts'
import { proveAgain } from './staff-session.store.ts'
import type { StaffSession } from './staff-session.ts'

/** Marks a factor of this browser's session as proved now, and renews its cookie (session fixation). @returns false where it has ended */
export async function confirmFactor(
  db: Db,
  visit: Visit,
  { id, staffId }: Pick<StaffSession, 'id' | 'staffId'>,
  factor: Factor,
): Promise<boolean> {
  const token = mintToken('st').reveal()
  const before = hashToken(visit.cookie('staff') ?? '')
  const done = await db.transaction().execute(async (tx) => {
    const isActive = await proveAgain(tx, { before, after: hashToken(token), factor }, visit.now)
    if (isActive)
      await record(tx, originOfStaff(visit, staffId), {
        action: 'staff_session.confirmed',
        target: { id, ownerId: null },
        detail: { by: factor },
      })
    return isActive
  })
  if (done) visit.setCookie('staff', token)
  return done
}
