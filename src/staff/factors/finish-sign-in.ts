import { no, type Result, yes } from '../../base/result.ts'
import type { Tx } from '../../db/schema.ts'
import type { Visit } from '../../pages/visit.ts'
import type { SpentProof } from '../confirm-factor.ts'
import { holdEnabledStaff } from '../staff.store.ts'
import { type StaffSignIn, spendSignIn } from '../staff-sign-in.store.ts'
import { startStaffSession } from '../start-staff-session.ts'

/** `over`: sign in again. `wrong`: the proof was spent meanwhile. */
export type NotFinished = 'over' | 'wrong'

/** Takes the second step of a sign-in: spends it and the proof of the second factor, and starts the session. @returns the session's token */
export async function finishSignIn(
  tx: Tx,
  visit: Visit,
  hash: Uint8Array,
  { staffId, proven }: StaffSignIn,
  proof: SpentProof,
): Promise<Result<string, NotFinished>> {
  if ((await holdEnabledStaff(tx, staffId)) === undefined) return no('over')
  if (!(await spendSignIn(tx, hash, visit.now))) return no('over')
  const factor = await proof.spend(tx)
  if (factor === null) return no('wrong')
  return yes(await startStaffSession(tx, visit, staffId, [...proven, factor], [...proven, proof.by]))
}
