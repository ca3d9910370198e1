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
 * Revokes, in the same transaction, the grants that a removed member gave for the owner.
 *
 * @returns false where there were none
 */
export type EndWithMember = (tx: Tx, caller: Caller, member: Member) => Promise<boolean>

/**
 * Lets a user act for an owner; creates a new owner. Idempotent.
 *
 * An admin key that is bound to the owner can add only users that it can read: every app knows user ids, and membership
 * would reveal the user's address and sessions.
 */
export async function addMember(tx: Tx, caller: Caller, member: Member): Promise<Result<void, Problem>> {
  const { ownerId, userId } = member
  if (!covers(caller.reach, ownerId) || (await findUser(tx, caller.reach, userId)) === undefined)
    return no(NOT_FOUND)
  await touchOwner(tx, ownerId, caller.now)
  if (await insertMember(tx, member, caller.actor.id, caller.now))
    await record(tx, caller, { action: 'member.added', target: { id: userId, ownerId } })
  return yes(undefined)
}

/**
 * Ends a membership at once, with its grants, for our own users and for those of the external login. Idempotent.
 */
export async function removeMember(
  tx: Tx,
  caller: Caller,
  member: Member,
  endWithMember: EndWithMember,
): Promise<Result<void, Problem>> {
  const { ownerId, userId } = member
  if (!covers(caller.reach, ownerId)) return no(NOT_FOUND)
  // Locks user before owner, in the same order as consent. Waits for a sign-in under way, whose session is then seen.
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
