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

/**
 * What else ends when somebody is disabled, in the same transaction: the grants that they gave, with all codes and
 * tokens. Handed in: grants are of the room above.
 *
 * @returns how many
 */
export type EndWithUser = (tx: Tx, caller: Caller, userId: string) => Promise<number>

/**
 * Keeps somebody from signing in, until they are enabled: a user of ours, or a person of the API provider's login. Their
 * sessions, password links and grants end now and for good; enabling brings none of them back. Disabling twice is no
 * fault, and the first reason stands.
 */
export async function disableUser(
  tx: Tx,
  caller: Caller,
  { userId, reason }: Pick<Disabling, 'userId' | 'reason'>,
  endWithUser: EndWithUser,
): Promise<Disabling> {
  await lockUser(tx, userId)
  const before = await findDisabling(tx, userId)
  if (before !== undefined) return before
  const disabling = { userId, reason, disabledAt: caller.now }
  await insertDisabling(tx, disabling, caller.adminKeyId)
  const sessions = await endSessionsOf(tx, userId, caller.now)
  await spendLinksOf(tx, userId, caller.now)
  const grants = await endWithUser(tx, caller, userId)
  const detail = { reason, sessions_ended: sessions, grants_revoked: grants }
  await record(tx, caller, { action: 'user.disabled', target: { id: userId, ownerId: null }, detail })
  return disabling
}

/** Lets somebody sign in again, and consent again. Where they can already, nothing is done and that is no fault. */
export async function enableUser(tx: Tx, caller: Caller, userId: string): Promise<void> {
  await lockUser(tx, userId)
  if (!(await deleteDisabling(tx, userId))) return
  await record(tx, caller, { action: 'user.enabled', target: { id: userId, ownerId: null } })
}

export const USER_DISABLED = problem(
  'user_disabled',
  'Nothing was changed. Let them sign in again with `POST /v1/users/{id}/enable`.',
)
