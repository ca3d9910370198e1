import type { Caller } from '../admin/caller.ts'
import { recordDone } from '../audit/audit-event.store.ts'
import { no, type Result, yes } from '../base/result.ts'
import { announce } from '../changes/change.store.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { type ChosenLimits, whyNotLimits } from './check-limits.ts'
import { limitsForAudit, toLimitColumns } from './limits.wire.ts'
import { findOwner, setOwner } from './owner.store.ts'
import type { Owner } from './owner.ts'

export interface OwnerChange extends ChosenLimits {
  readonly name?: string | null | undefined
  readonly noticeEmail?: string | null | undefined
}

/** Changes what is known of an owner. */
export async function changeOwner(
  tx: Tx,
  caller: Caller,
  id: string,
  change: OwnerChange,
): Promise<Result<Owner, Problem>> {
  const owner = await findOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  const fault = whyNotLimits(change, caller)
  if (fault !== null) return no(fault)
  const { name = owner.name, noticeEmail = owner.noticeEmail } = change
  const { rateLimits = owner.limits.rateLimits, quota = owner.limits.quota } = change
  await setOwner(tx, caller.reach, id, { name, notice_email: noticeEmail, ...toLimitColumns(change) })
  // Of all this, verification knows the limits alone; to tell of it has every verifier ask for many records anew.
  if (change.rateLimits !== undefined || change.quota !== undefined)
    await announce(tx, caller.now, { action: 'owner.changed', about: { ownerId: id } })
  await recordDone(
    tx,
    caller,
    'owner.changed',
    { ownerId: id, targetId: id },
    { name, notice_email: noticeEmail, ...limitsForAudit(change) },
  )
  return yes({ ...owner, name, noticeEmail, limits: { rateLimits, quota } })
}

/** Ends all of an owner's credentials at once, until it is resumed. Suspending twice is no fault. */
export async function suspendOwner(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<Owner, Problem>> {
  const owner = await findOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  if (owner.suspendedAt !== null) return yes(owner)
  await setOwner(tx, caller.reach, id, { suspended_at: caller.now, suspended_reason: reason })
  await announce(tx, caller.now, { action: 'owner.suspended', about: { ownerId: id } })
  await recordDone(tx, caller, 'owner.suspended', { ownerId: id, targetId: id }, { reason })
  return yes({ ...owner, suspendedAt: caller.now, suspendedReason: reason })
}

/** Lets an owner's credentials work again: those that were not ended by themselves meanwhile. */
export async function resumeOwner(tx: Tx, caller: Caller, id: string): Promise<Result<Owner, Problem>> {
  const owner = await findOwner(tx, caller.reach, id)
  if (owner === undefined) return no(NOT_FOUND)
  if (owner.suspendedAt === null) return yes(owner)
  await setOwner(tx, caller.reach, id, { suspended_at: null, suspended_reason: null })
  await announce(tx, caller.now, { action: 'owner.resumed', about: { ownerId: id } })
  await recordDone(tx, caller, 'owner.resumed', { ownerId: id, targetId: id })
  return yes({ ...owner, suspendedAt: null, suspendedReason: null })
}
