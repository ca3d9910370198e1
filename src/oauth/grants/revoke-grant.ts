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

/** Who ended a grant, and why: both are kept on it. */
export interface GrantRevocation {
  readonly by: string
  readonly reason: string
}

/** Most grants that one call ends, where it can be sent again. */
const MAX_REVOKED_AT_ONCE = 5_000

/** Ends a grant that is locked: its codes and tokens are dead once the transaction is committed. */
export async function revokeLockedGrant(
  tx: Tx,
  origin: Origin,
  grant: Grant,
  end: GrantRevocation,
): Promise<void> {
  await revokeLockedGrants(tx, origin, [grant], end)
}

/** However many: one statement ends them, one tells verifiers, and the audit log takes them in a few. */
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

/** Ends one; twice is no fault, and the first reason stands. */
export async function revokeGrant(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<string, Problem>> {
  if ((await findGrant(tx, caller.reach, id)) === undefined) return no(NOT_FOUND)
  const grant = await lockGrant(tx, id)
  if (grant !== undefined) await revokeLockedGrant(tx, caller, grant, { by: caller.adminKeyId, reason })
  return yes(id)
}

/** Ends all that match: of a user, a client, an owner, or all from before a moment. @returns how many */
export async function revokeGrants(
  tx: Tx,
  caller: Caller,
  filter: GrantFilter,
  reason: string,
): Promise<number> {
  const grants = await lockGrants(tx, caller.reach, filter, MAX_REVOKED_AT_ONCE)
  await revokeLockedGrants(tx, caller, grants, { by: caller.adminKeyId, reason })
  return grants.length
}

/** What a user granted for an owner ends with their access to it. @returns whether there was anything */
export async function revokeGrantsOfMember(
  tx: Tx,
  caller: Caller,
  { ownerId, userId }: { readonly ownerId: string; readonly userId: string },
): Promise<boolean> {
  if (!covers(caller.reach, ownerId)) return false
  const grants = await lockGrants(tx, caller.reach, { ownerId, userId }, MAX_REVOKED_AT_ONCE)
  await revokeLockedGrants(tx, caller, grants, { by: caller.adminKeyId, reason: 'access_to_owner_removed' })
  return grants.length > 0
}

/** What users granted a client ends with it, whoever they granted it for. */
export async function revokeGrantsOfClient(tx: Tx, caller: Caller, clientId: string): Promise<void> {
  await revokeEveryGrant(tx, caller, { clientId }, 'client_revoked')
}

/** What users granted a client for one owner ends when it is blocked there. @returns how many */
export async function revokeGrantsForOwner(
  tx: Tx,
  caller: Caller,
  { clientId, ownerId }: { readonly clientId: string; readonly ownerId: string },
): Promise<number> {
  return await revokeEveryGrant(tx, caller, { clientId, ownerId }, 'client_blocked')
}

/** What somebody granted ends when they are disabled: to every client, for every owner. @returns how many */
export async function revokeGrantsOfUser(tx: Tx, caller: Caller, userId: string): Promise<number> {
  return await revokeEveryGrant(tx, caller, { userId }, 'user_disabled')
}

/**
 * Whoever's they are: an owner's client has grants of other owners' users. None may be left, so there is no bound. All
 * are locked before the first is told of: telling takes a lock that others wait for with a grant in hand.
 */
async function revokeEveryGrant(
  tx: Tx,
  caller: Caller,
  filter: GrantFilter,
  reason: string,
): Promise<number> {
  const grants = await lockGrants(tx, 'every_owner', filter, Number.MAX_SAFE_INTEGER)
  await revokeLockedGrants(tx, caller, grants, { by: caller.adminKeyId, reason })
  return grants.length
}

/** Takes scopes away; what is left must be a part of what there was, and something. */
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
      problem('invalid_request', `${more} was not granted: only the user can allow more, when the app asks.`),
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
