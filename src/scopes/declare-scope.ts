import { recordEvents } from '../audit/audit-event.store.ts'
import type { Origin } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import { announce } from '../changes/change.store.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { whyNotGrantable } from './grantable.ts'
import { insertScope, lockCatalogue, updateScope } from './scope.store.ts'
import { type CatalogueScope, differs, type ScopeDeclaration } from './scope.ts'

/**
 * Declares scopes, all or none, in any order: they may imply each other. What is declared already as it stands is
 * left alone without a word in the audit log, so that a catalogue file can be applied at every start.
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

  const events = []
  for (const scope of declared) {
    const before = known.get(scope.name)
    if (before !== undefined && !differs(before, scope)) continue
    await (before === undefined ? insertScope(tx, scope, origin.now) : updateScope(tx, scope))
    const { name, ...detail } = scope
    const action = before === undefined ? 'scope.declared' : 'scope.changed'
    events.push({ action, result: 'done', ownerId: null, targetId: name, detail } as const)
  }
  // A new scope is nobody's yet; a changed one may imply more or less than before.
  if (events.some(({ action }) => action === 'scope.changed'))
    await announce(tx, origin.now, { action: 'scope.changed', about: 'everything' })
  await recordEvents(tx, origin, events)
  return yes(events.map((event) => event.targetId))
}
