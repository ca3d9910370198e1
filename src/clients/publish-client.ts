import { type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import type { Problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { lockUnrevoked } from './change-client.ts'
import { updateClient } from './client.store.ts'

/** Lets every user authorize a draft, not its testers only. Publishing twice is no fault. */
export async function publishClient(tx: Tx, caller: Caller, id: string): Promise<Result<string, Problem>> {
  const locked = await lockUnrevoked(tx, caller, id)
  if (!locked.ok) return locked
  if (locked.value.publishedAt !== null) return yes(id)
  await updateClient(tx, locked.value, { published_at: caller.now })
  const altersVerdictsOf = { holderId: id }
  await record(tx, caller, { action: 'client.published', target: locked.value, altersVerdictsOf })
  return yes(id)
}
