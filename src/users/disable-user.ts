import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { endSessionsOf } from '../sessions/session.store.ts'
import {
  type Disabling,
  deleteDisabling,
  findDisabling,
  insertDisabling,
  lockUser,
} from './disabled-user.store.ts'
import { spendLinksOf } from './password-link.store.ts'
import { whyNotDisableUser, whyNotEnableUser } from './user.ts'

/**
 * Revokes, in the same transaction, the grants of a disabled user with their codes and tokens. Handed in, because grants
 * belong to a room above.
 *
 * @returns how many grants
 */
export type EndWithUser = (tx: Tx, caller: Caller, userId: string) => Promise<number>

/**
 * Disables a user, ours or of the external login: no sign-in until enabled. Sessions, password links and grants end now;
 * enabling restores none of them. Idempotent; the first reason stays.
 */
export async function disableUser(
  tx: Tx,
  caller: Caller,
  { userId, reason }: Pick<Disabling, 'userId' | 'reason'>,
  endWithUser: EndWithUser,
): Promise<Disabling> {
  await lockUser(tx, userId)
  const before = await findDisabling(tx, userId)
  if (before !== undefined && whyNotDisableUser(before) !== null) return before
  const disabling = { userId, reason, disabledAt: caller.now }
  await insertDisabling(tx, disabling, caller.actor.id)
  const sessions = await endSessionsOf(tx, userId, caller.now)
  await spendLinksOf(tx, userId, caller.now)
  const grants = await endWithUser(tx, caller, userId)
  const detail = { reason, sessions_ended: sessions, grants_revoked: grants }
  await record(tx, caller, { action: 'user.disabled', target: { id: userId, ownerId: null }, detail })
  return disabling
}

/** Lets a user sign in and consent again. Idempotent. */
export async function enableUser(tx: Tx, caller: Caller, userId: string): Promise<void> {
  await lockUser(tx, userId)
  const { disabledAt = null } = (await findDisabling(tx, userId)) ?? {}
  if (whyNotEnableUser({ disabledAt }) !== null) return
  await deleteDisabling(tx, userId)
  await record(tx, caller, { action: 'user.enabled', target: { id: userId, ownerId: null } })
}

export const USER_DISABLED = problem(
  'user_disabled',
  'Nothing was changed. Enable the user first with `POST /v1/users/{id}/enable`.',
)
