import type { Origin } from '../../audit/audit-event.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { record, recordForAll } from '../../changes/record.ts'
import type { Tx } from '../../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../../http/problem.ts'
import { type Caller, covers } from '../../management/caller.ts'
import {
  findGrant,
  type GrantFilter,
  type LockedGrant,
  lockGrant,
  lockGrants,
  revokeGrantRows,
  updateGrant,
} from './grant.store.ts'
import type { Grant } from './grant.ts'

/** The revoker and the reason, both stored with the grant. */
export interface GrantRevocation {
  readonly by: string
  readonly reason: string
}

/** Most grants that one call revokes, where the call can be repeated. */
const MAX_REVOKED_AT_ONCE = 5_000

/** Revokes a locked grant: its codes and tokens are dead once the transaction is committed. */
export async function revokeLockedGrant(
  tx: Tx,
  origin: Origin,
  grant: Grant,
  end: GrantRevocation,
): Promise<void> {
  await revokeLockedGrants(tx, origin, [grant], end)
}

/** Revokes any number: one statement for the rows, one change for verifiers, a few for the audit log. */
async function revokeLockedGrants(
  tx: Tx,
  origin: Origin,
  grants: readonly LockedGrant[],
  { by, reason }: GrantRevocation,
): Promise<void> {
  if (grants.length === 0) return
  const { now } = origin
  const grantIds = grants.map(({ id }) => id)
  await revokeGrantRows(tx, grantIds, { by, reason, now })
  const ended = { reason: 'revoked', at: now } as const
  const events = grants.map(({ id, ownerId, userId, clientId }) => ({
    target: { id, ownerId },
    detail: { reason, by, user_id: userId, client_id: clientId },
  }))
  const altersVerdictsOf = { grantIds, ended }
  await recordForAll(tx, origin, { action: 'grant.revoked', events, altersVerdictsOf })
}

/** Revokes one grant. Idempotent: the first reason stays. */
export async function revokeGrant(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<string, Problem>> {
  if ((await findGrant(tx, caller.reach, id)) === undefined) return no(NOT_FOUND)
  const grant = await lockGrant(tx, id)
  if (grant !== undefined) await revokeLockedGrant(tx, caller, grant, { by: caller.actor.id, reason })
  return yes(id)
}

/** Revokes all that match: of a user, a client, an owner, or all from before a moment. @returns how many */
export async function revokeGrants(
  tx: Tx,
  caller: Caller,
  filter: GrantFilter,
  reason: string,
): Promise<number> {
  const grants = await lockGrants(tx, caller.reach, filter, MAX_REVOKED_AT_ONCE)
  await revokeLockedGrants(tx, caller, grants, { by: caller.actor.id, reason })
  return grants.length
}

/**
 * Revokes what a user granted for an owner, when the user's access to the owner is removed. @returns true where there
 * was anything
 */
export async function revokeGrantsOfMember(
  tx: Tx,
  caller: Caller,
  { ownerId, userId }: { readonly ownerId: string; readonly userId: string },
): Promise<boolean> {
  if (!covers(caller.reach, ownerId)) return false
  const grants = await lockGrants(tx, caller.reach, { ownerId, userId }, MAX_REVOKED_AT_ONCE)
  await revokeLockedGrants(tx, caller, grants, { by: caller.actor.id, reason: 'access_to_owner_removed' })
  return grants.length > 0
}

/** Revokes all grants to a client that is revoked, of every owner. */
export async function revokeGrantsOfClient(tx: Tx, caller: Caller, clientId: string): Promise<void> {
  await revokeEveryGrant(tx, caller, { clientId }, 'client_revoked')
}

/** Revokes all grants to a client for one owner that blocks it. @returns how many */
export async function revokeGrantsForOwner(
  tx: Tx,
  caller: Caller,
  { clientId, ownerId }: { readonly clientId: string; readonly ownerId: string },
): Promise<number> {
  return await revokeEveryGrant(tx, caller, { clientId, ownerId }, 'client_blocked')
}

/** Revokes all grants of a user who is disabled: to every client, for every owner. @returns how many */
export async function revokeGrantsOfUser(tx: Tx, caller: Caller, userId: string): Promise<number> {
  return await revokeEveryGrant(tx, caller, { userId }, 'user_disabled')
}

/**
 * Revokes without regard to the caller's reach: an owner's client has grants of other owners' users. No bound,
 * because none may be left. All rows are locked before the first event is written: the audit log's lock is one that
 * others wait for with a grant locked.
 */
async function revokeEveryGrant(
  tx: Tx,
  caller: Caller,
  filter: GrantFilter,
  reason: string,
): Promise<number> {
  const grants = await lockGrants(tx, 'every_owner', filter, Number.MAX_SAFE_INTEGER)
  await revokeLockedGrants(tx, caller, grants, { by: caller.actor.id, reason })
  return grants.length
}

/** Removes scopes from a grant. At least one of the granted ones must be left. */
export async function reduceGrant(
  tx: Tx,
  origin: Origin,
  grant: Grant,
  scopes: readonly string[],
  by: string,
): Promise<Result<void, Problem>> {
  const more = scopes.find((scope) => !grant.scopes.includes(scope))
  if (more !== undefined)
    return no(
      problem('invalid_request', `${more} was not granted. Only the user can allow more, when the app asks.`),
    )
  if (scopes.length === 0)
    return no(problem('invalid_request', 'Nothing would be left. Revoke the grant instead.'))
  const taken = grant.scopes.filter((scope) => !scopes.includes(scope))
  if (taken.length === 0) return yes(undefined)
  const { id, ownerId, userId, clientId } = grant
  await updateGrant(tx, grant, { scopes: [...scopes] })
  const detail = { taken, by, user_id: userId, client_id: clientId }
  const altersVerdictsOf = { grantIds: [id] }
  await record(tx, origin, { action: 'grant.reduced', target: { id, ownerId }, detail, altersVerdictsOf })
  return yes(undefined)
}
