import type { Clock } from '../base/clock.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db, Tx } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import type { Problem } from '../http/problem.ts'
import { type Authenticated, authenticateAgain } from './authenticator.ts'
import type { Caller } from './caller.ts'
import { claim, keep, type NamedRequest } from './idempotency.ts'
import type { ChangeRequest } from './read-change.ts'
import { changeInTurn, readInTurn, type Slots } from './slots.ts'

interface ChangeParts extends Slots {
  readonly db: Db
  readonly clock: Clock
  readonly onChanged: () => Promise<void>
}

/**
 * Makes a change in one transaction. Of requests with the same name one has an effect, and the others get its answer.
 *
 * The caller is authenticated twice in the transaction. At its start, because a client may hold the request's body open
 * while its credential ends. And again after the change has written its audit events: the transaction holds the audit
 * log's lock from then on, as everything that ends a credential does until it commits. So an end is either seen here, or
 * comes after this change in the audit log.
 *
 * @param change gets the caller at the transaction's moment
 */
export async function changeOnce(
  parts: ChangeParts,
  who: Authenticated,
  { needs, named, isDryRun }: Pick<ChangeRequest, 'needs' | 'named' | 'isDryRun'>,
  change: (tx: Tx, caller: Caller) => Promise<Result<unknown, Problem>>,
): Promise<Result<unknown, Problem>> {
  const { db, clock, onChanged } = parts
  const inTransaction = () =>
    transact<unknown, Problem>(db, async (tx) => {
      const again = await authenticateAgain(who, { of: 'database', db: tx }, needs, clock.now())
      if (!again.ok) return again
      const caller = again.value
      const result = await (named === null
        ? change(tx, caller)
        : changeNamed(tx, { ...who, caller }, named, () => change(tx, caller)))
      if (!result.ok) return result
      const still = await authenticateAgain(who, { of: 'commit', tx }, needs, caller.now)
      return still.ok ? result : no(still.no)
    })
  const changed = await (isDryRun ? readInTurn : changeInTurn)(parts, who.caller, inTransaction)
  if (changed.ok) await onChanged()
  return changed
}

async function changeNamed(
  tx: Tx,
  who: Authenticated,
  named: NamedRequest,
  change: () => Promise<Result<unknown, Problem>>,
): Promise<Result<unknown, Problem>> {
  const first = await claim(tx, who, named)
  if (!first.ok) return first
  if (first.value !== null) return yes(JSON.parse(first.value))
  const result = await change()
  if (result.ok) await keep(tx, who, named, JSON.stringify(result.value))
  return result
}
