import { originOfStaff } from '../../audit/visit-origin.ts'
import { hashToken, mintToken } from '../../base/one-time-token.ts'
import { record } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import { endSessionsOfStaff, proveAgain } from '../staff-session.store.ts'
import type { ChangedFactor } from './factor.store.ts'
import type { OwnSession } from './hold-own-factors.ts'
import { makeFirstRecoveryCodes } from './make-recovery-codes.ts'

/** A factor that was enrolled: the session's new token, and the first recovery codes, which are shown once. */
export interface EnrolledFactor {
  readonly token: string
  readonly codes: readonly string[] | null
}

/** Marks a new factor as proved in this session, renews its token, and ends all other sessions of the member. */
export async function finishEnrolment(
  tx: Tx,
  visit: Visit,
  { hash: before, session: { staffId } }: OwnSession,
  { kind, name, replaced }: ChangedFactor & { readonly replaced?: boolean },
): Promise<EnrolledFactor> {
  const token = mintToken('st').reveal()
  const after = hashToken(token)
  await proveAgain(tx, { before, after, factor: kind }, visit.now)
  const ended = await endSessionsOfStaff(tx, staffId, visit.now, after)
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_factor.enrolled',
    target: { id: staffId, ownerId: null },
    detail: { kind, name, ...(replaced === true ? { replaced } : {}), sessions_ended: ended },
  })
  return { token, codes: await makeFirstRecoveryCodes(tx, visit, staffId) }
}
