import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { endSessionOf, endSessionsOf, isSessionOf } from './session.store.ts'

/** Ends every session of a user: each browser has to sign in again. @returns how many */
export async function endAllSessions(tx: Tx, caller: Caller, userId: string): Promise<number> {
  const ended = await endSessionsOf(tx, userId, caller.now)
  if (ended > 0)
    await record(tx, caller, {
      action: 'sessions.ended',
      target: { id: userId, ownerId: null },
      detail: { ended },
    })
  return ended
}

/** Ends one of a user's sessions. Idempotent. */
export async function endOneSession(
  tx: Tx,
  caller: Caller,
  session: { readonly id: string; readonly userId: string },
): Promise<Result<void, Problem>> {
  if (!(await isSessionOf(tx, session))) return no(NOT_FOUND)
  if (await endSessionOf(tx, session, caller.now))
    await record(tx, caller, {
      action: 'session.ended',
      target: { id: session.id, ownerId: null },
      detail: { user_id: session.userId },
    })
  return yes(undefined)
}
