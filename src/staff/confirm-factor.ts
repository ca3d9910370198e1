import { originOfStaff } from '../audit/visit-origin.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import type { Visit } from '../pages/visit.ts'
import type { Factor } from './staff.ts'
import { proveAgain } from './staff-session.store.ts'
import type { StaffSession } from './staff-session.ts'

/** A proof that is spent in the transaction that relies on it, such as a code that works once. */
export interface SpentProof {
  /** Factor that was proved, or a recovery code; for the audit log. */
  readonly by: string
  /** @returns the factor that it proves; null where it was spent meanwhile */
  spend(tx: Tx): Promise<Factor | null>
}

/** A proof of a factor that cannot be spent, such as a password. */
export function proofOf(factor: Factor): SpentProof {
  return { by: factor, spend: async () => factor }
}

/**
 * Marks a factor of this browser's session as proved now, and renews its cookie (session fixation).
 *
 * @returns false where the session has ended; "no" where the proof was spent meanwhile
 */
export async function confirmFactor(
  db: Db,
  visit: Visit,
  { id, staffId }: Pick<StaffSession, 'id' | 'staffId'>,
  proof: SpentProof,
): Promise<Result<boolean, 'wrong'>> {
  const token = mintToken('st').reveal()
  const before = hashToken(visit.cookie('staff') ?? '')
  const done = await transact<boolean, 'wrong'>(db, async (tx) => {
    const factor = await proof.spend(tx)
    if (factor === null) return no('wrong')
    const isActive = await proveAgain(tx, { before, after: hashToken(token), factor }, visit.now)
    if (isActive)
      await record(tx, originOfStaff(visit, staffId), {
        action: 'staff_session.confirmed',
        target: { id, ownerId: null },
        detail: { by: proof.by },
      })
    return yes(isActive)
  })
  if (done.ok && done.value) visit.setCookie('staff', token)
  return done
}
