import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { isLive } from '../secrets/secret.ts'
import { lockAdminKey, lockUnrevokedAdminKeys, markAdminKeyRevoked } from './admin-key.store.ts'
import { isFull } from './admin-key.ts'

/**
 * Revokes an admin key. The last full one is refused: without it no other could be created. Idempotent: the first reason
 * is kept.
 */
export async function revokeAdminKey(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<string, Problem>> {
  const standing = await lockUnrevokedAdminKeys(tx)
  const key = standing.find((each) => each.id === id)
  if (key === undefined) return (await lockAdminKey(tx, id)) === undefined ? no(NOT_FOUND) : yes(id)

  const othersInCharge = standing.filter(
    (each) => each.id !== id && isFull(each) && each.secrets.some((secret) => isLive(secret, caller.now)),
  )
  if (isFull(key) && othersInCharge.length === 0)
    return no(
      problem(
        'last_full_admin_key',
        'Create another admin key with all permissions first, or rotate this one.',
      ),
    )

  await markAdminKeyRevoked(tx, id, reason, caller.now)
  const ended = { reason: 'revoked', at: caller.now } as const
  await record(tx, caller, {
    action: 'admin_key.revoked',
    target: key,
    detail: { reason },
    altersVerdictsOf: { holderId: id, ended },
  })
  return yes(id)
}
