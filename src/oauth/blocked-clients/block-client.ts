import { no, type Result, yes } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import { holdClient } from '../../clients/client.store.ts'
import type { Tx } from '../../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../../http/problem.ts'
import { type Caller, covers } from '../../management/caller.ts'
import { holdOwner, touchOwner } from '../../owners/owner.store.ts'
import { revokeGrantsForOwner } from '../grants/revoke-grant.ts'
import { type BlockedClient, deleteBlocked, findBlocked, insertBlocked } from './blocked-client.store.ts'

/** Which client, for which owner. */
type Place = Pick<BlockedClient, 'ownerId' | 'clientId'>

/**
 * Has nobody allow a client anything for an owner, and ends what was allowed, at once. The owner is made where it is
 * new. Doing it twice is no fault, and the first reason stands, but the API provider's word goes over the owner's.
 *
 * The rows are locked in the order in which a consent locks them: who is saying yes meanwhile has a grant that is seen
 * and ended here, or waits and finds the client blocked.
 */
export async function blockClient(
  tx: Tx,
  caller: Caller,
  place: Place,
  reason: string,
): Promise<Result<void, Problem>> {
  const { ownerId, clientId } = place
  if (!covers(caller.reach, ownerId)) return no(NOT_FOUND)
  await holdOwner(tx, ownerId)
  if ((await holdClient(tx, clientId)) === undefined) return no(NOT_FOUND)
  await touchOwner(tx, ownerId, caller.now)
  const byProvider = caller.reach === 'every_owner'
  const blocked = { ...place, reason, blockedBy: caller.adminKeyId, byProvider, blockedAt: caller.now }
  if (!(await insertBlocked(tx, blocked))) return yes(undefined)
  const ended = await revokeGrantsForOwner(tx, caller, place)
  const detail = { reason, grants_ended: ended }
  await record(tx, caller, { action: 'client.blocked', target: { id: clientId, ownerId }, detail })
  return yes(undefined)
}

/**
 * Lets users allow it again. What was ended stays so. Where it was not blocked, nothing is done and that is no fault. What
 * the API provider blocked, no admin key of the owner's lifts.
 */
export async function unblockClient(tx: Tx, caller: Caller, place: Place): Promise<Result<void, Problem>> {
  const { ownerId, clientId } = place
  if (!covers(caller.reach, ownerId)) return no(NOT_FOUND)
  await holdOwner(tx, ownerId)
  const blocked = await findBlocked(tx, place)
  if (blocked?.byProvider === true && caller.reach !== 'every_owner')
    return no(problem('exceeds_authority', 'The API provider blocked it, and only they can lift that.'))
  if (await deleteBlocked(tx, place))
    await record(tx, caller, { action: 'client.unblocked', target: { id: clientId, ownerId } })
  return yes(undefined)
}
