import { hashToken, isToken } from '../../base/one-time-token.ts'
import { no, type Result, yes } from '../../base/result.ts'
import type { Tx } from '../../db/schema.ts'
import { isFresh } from '../../management/why-not-permitted.ts'
import type { Visit } from '../../pages/visit.ts'
import { lockStaff } from '../staff.store.ts'
import { latestProofOf } from '../staff.ts'
import { type PresentedSession, sessionByHash } from '../staff-session.store.ts'

/** `session_over`: sign in. `not_fresh`: confirm first. */
export type NotHeld = 'session_over' | 'not_fresh'

/** This browser's session, and the hash of its token. */
export interface OwnSession extends PresentedSession {
  readonly hash: Buffer
}

/**
 * Locks the signed-in member for a change of the factors, which needs a fresh proof of the strongest one. Sign-ins and
 * whatever ends sessions wait, so that no sign-in skips a factor that this enrols.
 */
export async function holdOwnFactors(tx: Tx, visit: Visit): Promise<Result<OwnSession, NotHeld>> {
  const token = visit.cookie('staff') ?? ''
  if (!isToken('st', token)) return no('session_over')
  const hash = hashToken(token)
  const before = await sessionByHash(tx, hash, visit.now)
  if (before === undefined) return no('session_over')
  await lockStaff(tx, before.session.staffId)
  const own = await sessionByHash(tx, hash, visit.now)
  if (own === undefined) return no('session_over')
  return isProofFresh(own, visit.now) ? yes({ ...own, hash }) : no('not_fresh')
}

/** True where the strongest enrolled factor was proved in the last 15 minutes. */
export function isProofFresh({ session, enrolled }: PresentedSession, now: Date): boolean {
  return isFresh(latestProofOf(enrolled, session.provenAt).provenAt, now)
}
