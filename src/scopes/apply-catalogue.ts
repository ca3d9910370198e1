import type { Origin } from '../audit/audit-event.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import { changeApi, declareApi } from './declare-api.ts'
import { declareScopes } from './declare-scope.ts'
import { allApis, lockCatalogue } from './scope.store.ts'
import type { Sensitivity } from './scope.ts'

/** Content of a catalogue file, after its schema was checked. */
export interface Catalogue {
  readonly apis?: readonly { identifier: string; name: string }[]
  readonly scopes: readonly {
    name: string
    description: string
    sensitivity?: Sensitivity
    implies?: readonly string[]
    /** Identifier of the API; missing: the default API. */
    api?: string
  }[]
}

/**
 * Applies a catalogue file; what is declared already gets no event. Scopes that the file does not name stay: a scope in use
 * must not disappear because a line was deleted.
 *
 * @returns the names of the scopes that were added or changed
 */
export async function applyCatalogue(
  tx: Tx,
  origin: Origin,
  catalogue: Catalogue,
): Promise<Result<readonly string[], Problem>> {
  // Lock order, as everywhere: the catalogue first, the audit log last.
  await lockCatalogue(tx)
  for (const { identifier, name } of catalogue.apis ?? []) {
    const known = (await allApis(tx)).find((api) => api.identifier === identifier)
    if (known?.name === name) continue
    const done = known
      ? await changeApi(tx, origin, known.id, { name })
      : await declareApi(tx, origin, { identifier, name })
    if (!done.ok) return done
  }
  const apis = await allApis(tx)
  const declared = []
  for (const { api: identifier, sensitivity = 'basic', implies = [], ...scope } of catalogue.scopes) {
    const api = apis.find((each) =>
      identifier === undefined ? each.isDefault : each.identifier === identifier,
    )
    if (api === undefined) return no(problem('unknown_api', `${scope.name} names the API ${identifier}.`))
    declared.push({ ...scope, sensitivity, implies, apiId: api.id })
  }
  const changed = await declareScopes(tx, origin, declared)
  return changed.ok ? yes(changed.value) : changed
}
