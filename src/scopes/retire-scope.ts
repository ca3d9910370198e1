import type { Origin } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { deleteScope, holdersOf, lockCatalogue, setDeprecation } from './scope.store.ts'
import { whyNotDeprecateScope, whyNotReinstateScope, whyNotRemoveScope } from './scope.ts'

/** Deprecates a scope, so that it is no longer given out, or reinstates it. Keys and clients that have it keep it. */
export async function deprecateScope(
  tx: Tx,
  origin: Origin,
  name: string,
  deprecated: boolean,
): Promise<Result<string, Problem>> {
  const scope = (await lockCatalogue(tx)).find((each) => each.name === name)
  if (scope === undefined) return no(NOT_FOUND)
  const why = deprecated ? whyNotDeprecateScope(scope) : whyNotReinstateScope(scope)
  if (why !== null) return yes(name)
  await setDeprecation(tx, name, deprecated ? origin.now : null)
  const action = deprecated ? 'scope.deprecated' : 'scope.reinstated'
  const target = { id: name, ownerId: null }
  await record(tx, origin, { action, target, altersVerdictsOf: 'everything' })
  return yes(name)
}

/** Removes a scope that is not in use: no key and no client holds it, and no scope implies it. */
export async function removeScope(tx: Tx, origin: Origin, name: string): Promise<Result<string, Problem>> {
  const catalogue = await lockCatalogue(tx)
  if (!catalogue.some((each) => each.name === name)) return no(NOT_FOUND)
  const implying = catalogue.filter((each) => each.implies.includes(name)).map((each) => each.name)
  const why = whyNotRemoveScope({ ...(await holdersOf(tx, name)), implying })
  if (why !== null) {
    const implied = implying.length > 0 ? `, and ${implying.join(', ')} imply it` : ''
    const holders = `${why.keys} keys and ${why.clients} clients hold it${implied}.`
    return no(problem(why.code, `${holders} Deprecate it, so that it is no longer given out.`))
  }
  await deleteScope(tx, name)
  const target = { id: name, ownerId: null }
  await record(tx, origin, { action: 'scope.removed', target, altersVerdictsOf: 'everything' })
  return yes(name)
}
