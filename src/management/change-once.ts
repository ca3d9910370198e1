import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import type { Problem } from '../http/problem.ts'
import { authenticateAgain, findAtCommit, findInDatabase } from './authenticate-admin.ts'
import type { Caller } from './caller.ts'
import { claim, keep, type NamedRequest } from './idempotency.ts'
import type { Permission } from './permission.ts'
import type { Pipeline } from './pipeline.ts'

/**
 * Makes a change in one transaction; of requests with the same name one has an effect, and the others get its answer.
 *
 * The caller is authenticated in the transaction, twice. At its beginning, because the request's body may have been held
 * open while the admin key ended. And once the change has written its audit events: it holds the audit log's lock from
 * then on, as everything that ends an admin key does until it commits. So an end is either seen here, or comes after this
 * change in the audit log.
 *
 * @param change gets the caller at the transaction's own moment
 */
export async function changeOnce(
  { db, clock, onChanged }: Pipeline,
  caller: Caller,
  permission: Permission,
  named: NamedRequest | null,
  change: (tx: Tx, caller: Caller) => Promise<Result<unknown, Problem>>,
): Promise<Result<unknown, Problem>> {
  const changed = await transact<unknown, Problem>(db, async (tx) => {
    const who = await authenticateAgain(findInDatabase(tx), caller, permission, clock.now())
    if (!who.ok) return who
    const result = await (named === null
      ? change(tx, who.value)
      : changeNamed(tx, who.value, named, () => change(tx, who.value)))
    if (!result.ok) return result
    const still = await authenticateAgain(findAtCommit(tx), who.value, permission, who.value.now)
    return still.ok ? result : no(still.no)
  })
  if (changed.ok) await onChanged()
  return changed
}

async function changeNamed(
  tx: Tx,
  caller: Caller,
  named: NamedRequest,
  change: () => Promise<Result<unknown, Problem>>,
): Promise<Result<unknown, Problem>> {
  const first = await claim(tx, caller, named)
  if (!first.ok) return first
  if (first.value !== null) return yes(JSON.parse(first.value))
  const result = await change()
  if (result.ok) await keep(tx, caller, named, JSON.stringify(result.value))
  return result
}
