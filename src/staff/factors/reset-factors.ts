import type { Origin } from '../../audit/audit-event.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import type { Db, Tx } from '../../db/schema.ts'
import type { Problem } from '../../http/problem.ts'
import type { Caller } from '../../management/caller.ts'
import { lockOther, whyNotGive } from '../change-staff.ts'
import { lockStaff, staffByEmail } from '../staff.store.ts'
import { endSessionsOfStaff } from '../staff-session.store.ts'
import { deleteAllFactors } from './factor.store.ts'

/**
 * Removes the second factors of another member who has lost them. Who resets could sign in with the password alone from
 * then on, so no member resets one with more permissions than their own. Idempotent.
 */
export async function resetFactors(tx: Tx, caller: Caller, id: string): Promise<Result<void, Problem>> {
  const found = await lockOther(tx, caller, id)
  if (!found.ok) return found
  const beyond = whyNotGive(caller, found.value.role)
  if (beyond !== null) return no(beyond)
  await reset(tx, caller, id)
  return yes(undefined)
}

/**
 * The same at the command line, for an operator with the database: the last administrator has no other member to ask.
 *
 * @returns how many factors there were; "no", in words, where there is no such member
 */
export async function resetFactorsOf(db: Db, origin: Origin, email: string): Promise<Result<number, string>> {
  const found = await staffByEmail(db, email.trim().toLowerCase())
  if (found === undefined) return no(`There is no staff member with the address ${email}.`)
  return yes(await db.transaction().execute((tx) => reset(tx, origin, found.id)))
}

async function reset(tx: Tx, origin: Origin, staffId: string): Promise<number> {
  await lockStaff(tx, staffId)
  const factors = await deleteAllFactors(tx, staffId)
  if (factors.length === 0) return 0
  const ended = await endSessionsOfStaff(tx, staffId, origin.now)
  await record(tx, origin, {
    action: 'staff_factors.reset',
    target: { id: staffId, ownerId: null },
    detail: { kinds: factors.map(({ kind }) => kind), sessions_ended: ended },
  })
  return factors.length
}
