import type { Secret } from '@doorward/sdk/kernel'
import { type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import type { Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { nearestEnd } from '../owners/expiry.ts'
import { sharePolicies } from '../owners/policy.store.ts'
import { policyFor } from '../owners/policy-for.ts'
import { overlapOf } from '../owners/policy-problem.ts'
import { finishRotation, startRotation, undoRotation } from '../secrets/rotate-secret.ts'
import { DEFAULT_OVERLAP_SECONDS } from '../secrets/secret.ts'
import { lockAllowed } from './change-client.ts'
import { hasSecret } from './client.ts'
import { whyNotFinishClientRotation, whyNotRotateClient, whyNotUndoClientRotation } from './client-rules.ts'
import { type ClientSettings, issueClientSecret } from './create-client.ts'

/**
 * Rotates a client's secret; mints its first where it used another method before. Suspended clients can be rotated
 * too: after a leak that comes before resuming. So can those with an expired secret, because a new client would have
 * no grants.
 */
export async function rotateClient(
  tx: Tx,
  caller: Caller,
  mint: ClientSettings,
  id: string,
  overlapSeconds: number | undefined,
): Promise<Result<{ secret: Secret }, Problem>> {
  await sharePolicies(tx)
  const locked = await lockAllowed(tx, caller, id, whyNotRotateClient)
  if (!locked.ok) return locked
  const client = locked.value
  if (!hasSecret(client)) {
    const { secret, hint } = await issueClientSecret(tx, caller, mint, client)
    const altersVerdictsOf = { holderId: id }
    const detail = { old: null, new: hint }
    await record(tx, caller, { action: 'client.rotated', target: client, detail, altersVerdictsOf })
    return yes({ secret })
  }
  const { environment, ownerId } = client
  const policy = await policyFor(tx, mint.policy, environment, ownerId)
  const overlap = overlapOf(overlapSeconds, DEFAULT_OVERLAP_SECONDS, policy, caller.now)
  if (!overlap.ok) return overlap
  return await startRotation(tx, caller, client, 'client', {
    environment,
    brand: mint.brand,
    expiresAt: nearestEnd(null, policy, caller.now),
    overlapSeconds: overlap.value,
    maxLifetimeSeconds: policy.maxLifetimeSeconds,
  })
}

/** Ends the overlap now: only the new secret works. */
export async function finishClientRotation(
  tx: Tx,
  caller: Caller,
  id: string,
): Promise<Result<string, Problem>> {
  const locked = await lockAllowed(tx, caller, id, whyNotFinishClientRotation)
  return locked.ok ? await finishRotation(tx, caller, locked.value, 'client') : locked
}

/** Undoes a rotation while the new secret is unused; the old one stays valid. */
export async function undoClientRotation(
  tx: Tx,
  caller: Caller,
  id: string,
): Promise<Result<string, Problem>> {
  const locked = await lockAllowed(tx, caller, id, whyNotUndoClientRotation)
  return locked.ok ? await undoRotation(tx, caller, locked.value, 'client') : locked
}
