import { nearestName } from '@doorward/sdk/kernel'
import { type Problem, problem } from '../http/problem.ts'
import type { CatalogueScope } from './scope.ts'

/**
 * Whether scopes can be given out: each is in the catalogue and none is deprecated, unless it was held before.
 *
 * @returns the fault, naming every scope at fault and the nearest known one; null where there is none
 */
export function whyNotGrantable(
  scopes: readonly string[],
  catalogue: readonly CatalogueScope[],
  held: readonly string[] = [],
): Problem | null {
  const known = new Map(catalogue.map((scope) => [scope.name, scope]))
  const unknown = scopes.filter((name) => !known.has(name))
  if (unknown.length > 0)
    return problem('unknown_scope', unknown.map((name) => wordsFor(name, known.keys())).join(' '), {
      faults: unknown.map((name) => ({
        at: `/scopes/${scopes.indexOf(name)}`,
        message: wordsFor(name, known.keys()),
      })),
    })
  const deprecated = scopes.filter((name) => known.get(name)?.deprecatedAt != null && !held.includes(name))
  if (deprecated.length > 0)
    return problem(
      'deprecated_scope',
      `Not given out any more: ${deprecated.join(', ')}. Who has it keeps it.`,
    )
  return null
}

function wordsFor(name: string, known: Iterable<string>): string {
  const shown = JSON.stringify(name.slice(0, 100))
  const nearest = nearestName(name, known)
  return nearest === null
    ? `No scope ${shown} is declared; see GET /v1/scopes.`
    : `No scope ${shown} is declared; did you mean "${nearest}"?`
}
