import { originOfStaff } from '../../audit/visit-origin.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { unseal } from '../../base/seal.ts'
import { record } from '../../changes/record.ts'
import type { Db, Tx } from '../../db/schema.ts'
import type { Logger } from '../../http/log.ts'
import type { Visit } from '../../pages/visit.ts'
import { enrolledOf } from '../enrolled.store.ts'
import { type Factor, strongestOf } from '../staff.ts'
import { placeOfTotp } from './enrol-app.ts'
import { countRecoveryCodes, spendRecoveryCode } from './recovery-code.store.ts'
import { hashRecoveryCode } from './recovery-code.ts'
import { spendStep, takeTryOfTotp } from './totp.store.ts'
import { stepOf } from './totp.ts'

/** A code as a person typed it. */
export interface TypedCode {
  readonly kind: 'totp' | 'recovery_code'
  readonly text: string
}

/** `unreadable`: the stored secret was sealed under another `DOORWARD_SECRET`. */
export type CodeRefused = 'wrong' | 'unreadable' | { readonly retryAt: Date }

/** A code that is spent in the transaction that relies on it. */
export interface FoundCode {
  readonly by: TypedCode['kind']
  /** @returns the factor that the code proves; null where the code is spent or wrong */
  spend(tx: Tx): Promise<Factor | null>
}

export interface CodeParts {
  readonly db: Db
  /** Key of sealed secrets. */
  readonly sealKey: Buffer
  readonly log: Logger
}

/** Checks a member's code, within the limits on guesses. A code is not spent yet. */
export async function findCode(
  parts: CodeParts,
  visit: Visit,
  staffId: string,
  code: TypedCode,
): Promise<Result<FoundCode, CodeRefused>> {
  if (code.kind === 'totp') return await findTotpCode(parts, visit, staffId, code.text)
  const hash = hashRecoveryCode(code.text)
  return yes({ by: 'recovery_code', spend: (tx) => spendRecovery(tx, visit, staffId, hash) })
}

async function findTotpCode(
  { db, sealKey, log }: CodeParts,
  visit: Visit,
  staffId: string,
  text: string,
): Promise<Result<FoundCode, CodeRefused>> {
  const app = await takeTryOfTotp(db, staffId, visit.now)
  if (app === undefined) return no('wrong')
  if ('retryAt' in app) return no(app)
  const { id } = app
  const secret = unseal(sealKey, app.sealedSecret, placeOfTotp(staffId, id))
  if (secret === null) {
    log.error(
      { staff_id: staffId },
      'the secret of an authenticator app cannot be read: DOORWARD_SECRET was changed',
    )
    return no('unreadable')
  }
  const step = stepOf(secret, text, visit.now)
  if (step === null) return no('wrong')
  const spend = async (tx: Tx) => ((await spendStep(tx, id, step, visit.now)) ? ('totp' as const) : null)
  return yes({ by: 'totp', spend })
}

/** A recovery code proves the strongest factor that the member has enrolled and may have lost. */
async function spendRecovery(tx: Tx, visit: Visit, staffId: string, hash: Buffer): Promise<Factor | null> {
  if (!(await spendRecoveryCode(tx, staffId, hash, visit.now))) return null
  const { left } = await countRecoveryCodes(tx, staffId)
  await record(tx, originOfStaff(visit, staffId), {
    action: 'staff_recovery_code.spent',
    target: { id: staffId, ownerId: null },
    detail: { left },
  })
  return strongestOf(await enrolledOf(tx, staffId))
}
