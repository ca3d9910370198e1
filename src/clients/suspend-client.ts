import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { type Caller, ownerOf } from '../management/caller.ts'
import { lockClient, updateClient } from './client.store.ts'
import { clientProblem } from './client-problem.ts'
import { whyNotResumeClient, whyNotRevokeClient, whyNotSuspendClient } from './client-rules.ts'

/**
 * Suspends a client at every endpoint and verifier, until it is resumed. Idempotent, but a suspension by the API
 * provider overrides the owner's.
 */
export async function suspendClient(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
): Promise<Result<string, Problem>> {
  const client = await lockClient(tx, caller.reach, id)
  if (client === undefined) return no(NOT_FOUND)
  const byProvider = ownerOf(caller.reach) === null
  const why = whyNotSuspendClient(client, byProvider)
  if (why?.code === 'already_suspended') return yes(id)
  if (why !== null) return no(clientProblem(why))
  await updateClient(tx, client, {
    suspended_at: client.suspendedAt ?? caller.now,
    suspended_reason: reason,
    suspended_by_provider: byProvider,
  })
  await record(tx, caller, {
    action: 'client.suspended',
    target: client,
    detail: { reason },
    altersVerdictsOf: { clientId: id },
  })
  return yes(id)
}

/** Resumes a suspended client. An owner cannot resume what the API provider suspended. */
export async function resumeClient(tx: Tx, caller: Caller, id: string): Promise<Result<string, Problem>> {
  const client = await lockClient(tx, caller.reach, id)
  if (client === undefined) return no(NOT_FOUND)
  const why = whyNotResumeClient(client, ownerOf(caller.reach) === null)
  if (why?.code === 'not_suspended') return yes(id)
  if (why !== null) return no(clientProblem(why))
  const resumed = { suspended_at: null, suspended_reason: null, suspended_by_provider: false }
  await updateClient(tx, client, resumed)
  await record(tx, caller, { action: 'client.resumed', target: client, altersVerdictsOf: { clientId: id } })
  return yes(id)
}

/** Revokes all grants to a client. Handed in: grants belong to a room above. */
export type RevokeGrants = (tx: Tx, caller: Caller, clientId: string) => Promise<void>

/** Revokes a client for good, with its secrets and all grants to it. The first reason stays. */
export async function revokeClient(
  tx: Tx,
  caller: Caller,
  id: string,
  reason: string,
  revokeGrants: RevokeGrants,
): Promise<Result<string, Problem>> {
  const client = await lockClient(tx, caller.reach, id)
  if (client === undefined) return no(NOT_FOUND)
  if (whyNotRevokeClient(client) !== null) return yes(id)
  await updateClient(tx, client, { revoked_at: caller.now, revoked_reason: reason })
  await revokeGrants(tx, caller, id)
  const ended = { reason: 'revoked', at: caller.now } as const
  await record(tx, caller, {
    action: 'client.revoked',
    target: client,
    detail: { reason },
    altersVerdictsOf: { clientId: id, ended },
  })
  return yes(id)
}
