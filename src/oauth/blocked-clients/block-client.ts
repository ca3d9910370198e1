import { no, type Result, yes } from '../../base/result.ts'
import { record } from '../../changes/record.ts'
import { holdClient } from '../../clients/client.store.ts'
import type { Tx } from '../../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../../http/problem.ts'
import { type Caller, covers, ownerOf } from '../../management/caller.ts'
import { holdOwner, touchOwner } from '../../owners/owner.store.ts'
import { revokeGrantsForOwner } from '../grants/revoke-grant.ts'
import { type BlockedClient, deleteBlocked, findBlocked, insertBlocked } from './blocked-client.store.ts'

type Place = Pick<BlockedClient, 'ownerId' | 'clientId'>

/**
 * Blocks a client for an owner: revokes its grants there at once, and stops users from allowing it again. Creates the
 * owner where it is new. Idempotent, and the first reason stays, but a block by the API provider overrides the
 * owner's.
 *
 * The rows are locked in the order in which a consent locks them. A concurrent consent either has its grant revoked
 * here, or waits and finds the client blocked.
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
  const byProvider = ownerOf(caller.reach) === null
  const blocked = { ...place, reason, blockedBy: caller.actor.id, byProvider, blockedAt: caller.now }
  if (!(await insertBlocked(tx, blocked))) return yes(undefined)
  const ended = await revokeGrantsForOwner(tx, caller, place)
  const detail = { reason, grants_ended: ended }
  await record(tx, caller, { action: 'client.blocked', target: { id: clientId, ownerId }, detail })
  return yes(undefined)
}

/**
 * Lets users allow the client again. Revoked grants stay revoked. Idempotent. An owner's admin key cannot lift a
 * block by the API provider.
 */
export async function unblockClient(tx: Tx, caller: Caller, place: Place): Promise<Result<void, Problem>> {
  const { ownerId, clientId } = place
  if (!covers(caller.reach, ownerId)) return no(NOT_FOUND)
  await holdOwner(tx, ownerId)
  const blocked = await findBlocked(tx, place)
  if (blocked?.byProvider === true && ownerOf(caller.reach) !== null)
    return no(
      problem('exceeds_authority', 'The API provider blocked it. Only the API provider can lift the block.'),
    )
  if (await deleteBlocked(tx, place))
    await record(tx, caller, { action: 'client.unblocked', target: { id: clientId, ownerId } })
  return yes(undefined)
}
