import type { Origin } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { recordForAll } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { whyNotGrantable } from './grantable.ts'
import { insertScope, lockCatalogue, updateScope } from './scope.store.ts'
import { type CatalogueScope, differs, type ScopeDeclaration } from './scope.ts'

/**
 * Declares scopes, all or none, in any order: they may imply each other. A scope that is declared already, and is the
 * same, gets no audit event, so that a catalogue file can be applied at every start.
 *
 * @returns the names that were added or changed
 */
export async function declareScopes(
  tx: Tx,
  origin: Origin,
  declared: readonly ScopeDeclaration[],
): Promise<Result<readonly string[], Problem>> {
  const catalogue = await lockCatalogue(tx)
  const known = new Map(catalogue.map((scope) => [scope.name, scope]))
  const repeated = declared.find((scope, at) => declared.findIndex((each) => each.name === scope.name) !== at)
  if (repeated !== undefined) return no(problem('invalid_request', `${repeated.name} is declared twice.`))

  const after: CatalogueScope[] = [...catalogue]
  for (const scope of declared)
    if (!known.has(scope.name)) after.push({ ...scope, deprecatedAt: null, createdAt: origin.now })
  for (const scope of declared) {
    const fault = whyNotGrantable(scope.implies, after, scope.implies)
    if (fault !== null) return no(fault)
  }

  const created = []
  const changed = []
  for (const scope of declared) {
    const before = known.get(scope.name)
    if (before !== undefined && !differs(before, scope)) continue
    await (before === undefined ? insertScope(tx, scope, origin.now) : updateScope(tx, scope))
    const { name, ...detail } = scope
    const event = { target: { id: name, ownerId: null }, detail }
    if (before === undefined) created.push(event)
    else changed.push(event)
  }
  // Nothing holds a new scope yet; a changed one may imply more or less than before.
  await recordForAll(tx, origin, { action: 'scope.created', events: created })
  await recordForAll(tx, origin, {
    action: 'scope.changed',
    events: changed,
    altersVerdictsOf: 'everything',
  })
  return yes([...created, ...changed].map(({ target }) => target.id))
}
