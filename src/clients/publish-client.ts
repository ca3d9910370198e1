import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { lockClient, updateClient } from './client.store.ts'
import { clientProblem } from './client-problem.ts'
import { whyNotPublishClient } from './client-rules.ts'

/** Lets every user authorize a draft, not only its testers. Idempotent. */
export async function publishClient(tx: Tx, caller: Caller, id: string): Promise<Result<string, Problem>> {
  const client = await lockClient(tx, caller.reach, id)
  if (client === undefined) return no(NOT_FOUND)
  const why = whyNotPublishClient(client)
  if (why?.code === 'already_published') return yes(id)
  if (why !== null) return no(clientProblem(why))
  await updateClient(tx, client, { published_at: caller.now })
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'client.published', target: client, altersVerdictsOf })
  return yes(id)
}
