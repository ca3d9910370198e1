import { newId } from '../../base/id.ts'
import { type Result, yes } from '../../base/result.ts'
import { seal } from '../../base/seal.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import { type EnrolledFactor, finishEnrolment } from './finish-enrolment.ts'
import { holdOwnFactors, type NotHeld } from './hold-own-factors.ts'
import { replaceTotp } from './totp.store.ts'

export interface ProvenApp {
  readonly secret: string
  /** The step of the code that proved it. */
  readonly step: number
  readonly name: string
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
  return yes(await finishEnrolment(tx, visit, own.value, { kind: 'totp', name, replaced }))
}
