import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { type Caller, covers } from '../management/caller.ts'
import { holdOwner, touchOwner } from '../owners/owner.store.ts'
import { forgetOwnerOfPerson } from '../sessions/person.store.ts'
import { lockUser } from './disabled-user.store.ts'
import { deleteMember, insertMember, type Member } from './member.store.ts'
import { findUser } from './user.store.ts'

/**
 * What else ends when a user may no longer act for an owner, in the same transaction: the grants that they gave for it.
 *
 * @returns whether there was anything
 */
export type EndWithMember = (tx: Tx, caller: Caller, member: Member) => Promise<boolean>

/**
 * Lets a user act for an owner, who is made where it is new. Doing it twice is no fault.
 *
 * An admin key that is bound to the owner adds nobody whom it cannot see: the ids of users are known to every app, and a
 * member's address and sessions can be read.
 */
export async function addMember(tx: Tx, caller: Caller, member: Member): Promise<Result<void, Problem>> {
  const { ownerId, userId } = member
  if (!covers(caller.reach, ownerId) || (await findUser(tx, caller.reach, userId)) === undefined)
    return no(NOT_FOUND)
  await touchOwner(tx, ownerId, caller.now)
  if (await insertMember(tx, member, caller.adminKeyId, caller.now))
    await record(tx, caller, { action: 'member.added', target: { id: userId, ownerId } })
  return yes(undefined)
}

/**
 * Ends it, at once and with all that hangs on it, for our own users and for those of the API provider's login. Where
 * there was nothing to end, nothing is done and that is no fault.
 */
export async function removeMember(
  tx: Tx,
  caller: Caller,
  member: Member,
  endWithMember: EndWithMember,
): Promise<Result<void, Problem>> {
  const { ownerId, userId } = member
  if (!covers(caller.reach, ownerId)) return no(NOT_FOUND)
  // The user before the owner, as a consent does it. A sign-in that is under way is over then, and its session is seen.
  await lockUser(tx, userId)
  await holdOwner(tx, ownerId)
  const ended = [
    await deleteMember(tx, member),
    await forgetOwnerOfPerson(tx, ownerId, userId),
    await endWithMember(tx, caller, member),
  ]
  if (!ended.includes(true)) return yes(undefined)
  await record(tx, caller, { action: 'member.removed', target: { id: userId, ownerId } })
  return yes(undefined)
}
