import { addSeconds } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { lockFinding, setAcceptance } from './finding.store.ts'
import { type Finding, MAX_ACCEPTANCE_SECONDS, stateOf } from './finding.ts'
import type { FindingReach } from './finding-reach.store.ts'

/** Accepts a finding for a time; it is open again to the second. Accepting again replaces the reason and the time. */
export async function acceptFinding(
  tx: Tx,
  caller: Caller,
  reach: FindingReach,
  id: string,
  { reason, until }: { readonly reason: string; readonly until: Date },
): Promise<Result<Finding, Problem>> {
  const finding = await lockFinding(tx, reach, id)
  if (finding === undefined) return no(NOT_FOUND)
  const latest = addSeconds(caller.now, MAX_ACCEPTANCE_SECONDS)
  if (until <= caller.now || until > latest)
    return no(
      problem(
        'unsuitable_acceptance',
        `It is ${caller.now.toISOString()} here. Choose a later moment, not after ${latest.toISOString()}.`,
      ),
    )
  const acceptance = { at: caller.now, until, by: caller.actor.id, reason }
  await setAcceptance(tx, id, acceptance)
  const { kind, subject } = finding
  await record(tx, caller, {
    action: 'finding.accepted',
    target: { id: finding.holder.id, ownerId: finding.ownerId },
    detail: { finding_id: id, kind, subject, reason, until: until.toISOString() },
  })
  return yes({ ...finding, acceptance })
}

/** Takes an acceptance back. Where there is none, or it is over, nothing is recorded. */
export async function withdrawAcceptance(
  tx: Tx,
  caller: Caller,
  reach: FindingReach,
  id: string,
): Promise<Result<Finding, Problem>> {
  const finding = await lockFinding(tx, reach, id)
  if (finding === undefined) return no(NOT_FOUND)
  if (stateOf(finding, caller.now) === 'open') return yes(finding)
  await setAcceptance(tx, id, null)
  const { kind, subject } = finding
  await record(tx, caller, {
    action: 'finding.acceptance_withdrawn',
    target: { id: finding.holder.id, ownerId: finding.ownerId },
    detail: { finding_id: id, kind, subject },
  })
  return yes({ ...finding, acceptance: null })
}
