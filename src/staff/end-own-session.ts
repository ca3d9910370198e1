import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { endStaffSessionOf } from './staff-session.store.ts'

/** Ends a session of the caller. Idempotent; another member's session looks like none. */
export async function endOwnSession(tx: Tx, caller: Caller, id: string): Promise<Result<void, Problem>> {
  const ended = await endStaffSessionOf(tx, { id, staffId: caller.actor.id }, caller.now)
  if (ended === 'unknown') return no(NOT_FOUND)
  const target = { id, ownerId: null }
  if (ended === 'ended') await record(tx, caller, { action: 'staff_session.ended', target })
  return yes(undefined)
}
