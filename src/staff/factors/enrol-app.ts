import { originOfStaff } from '../../audit/visit-origin.ts'
import { newId } from '../../base/id.ts'
import { hashToken, mintToken } from '../../base/one-time-token.ts'
import { type Result, yes } from '../../base/result.ts'
import { seal } from '../../base/seal.ts'
import { record } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import { endSessionsOfStaff, proveAgain } from '../staff-session.store.ts'
import { holdOwnFactors, type NotHeld } from './hold-own-factors.ts'
import { makeFirstRecoveryCodes } from './make-recovery-codes.ts'
import { replaceTotp } from './totp.store.ts'

export interface ProvenApp {
  readonly secret: string
  /** The step of the code that proved it. */
  readonly step: number
  readonly name: string
}

/** A factor that was enrolled: the session's new token, and the first recovery codes, which are shown once. */
export interface EnrolledFactor {
  readonly token: string
  readonly codes: readonly string[] | null
}

/** The place of a stored secret. */
export function placeOfTotp(staffId: string, id: string): string {
  return `staff_totp.sealed_secret ${staffId} ${id}`
}

/** Enrols an authenticator app in place of an earlier one. All other sessions of the member end. */
export async function enrolApp(
  tx: Tx,
  key: Buffer,
  visit: Visit,
  { secret, step, name }: ProvenApp,
): Promise<Result<EnrolledFactor, NotHeld>> {
  const own = await holdOwnFactors(tx, visit)
  if (!own.ok) return own
  const { staffId } = own.value.session
  const id = newId('fac')
  const sealedSecret = seal(key, secret, placeOfTotp(staffId, id))
  const replaced = await replaceTotp(tx, { id, staffId, name, sealedSecret, step }, visit.now)
  const token = mintToken('st').reveal()
  const after = hashToken(token)
  await proveAgain(tx, { before: own.value.hash, after, factor: 'totp' }, visit.now)
  const ended = await endSessionsOfStaff(tx, staffId, visit.now, after)
  const target = { id: staffId, ownerId: null }
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_factor.enrolled',
    target,
    detail: { kind: 'totp', name, replaced, sessions_ended: ended },
  })
  return yes({ token, codes: await makeFirstRecoveryCodes(tx, visit, staffId) })
}
