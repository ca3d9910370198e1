import { nearestName } from '@doorward/sdk/kernel'
import { type Problem, problem } from '../http/problem.ts'
import type { CatalogueScope } from './scope.ts'

/** Faults in one answer. */
const MAX_FAULTS = 20
/** Each compares a name that the caller chose with the whole catalogue, while its lock is held. */
const MAX_SUGGESTIONS = 3

/**
 * Whether scopes can be given out: each is in the catalogue and none is deprecated, unless it was held before.
 *
 * @param at where the scopes are in the request, as a JSON pointer
 * @returns the fault, naming the scopes at fault, and for the first of them the nearest known one; null where there is none
 */
export function whyNotGrantable(
  scopes: readonly string[],
  catalogue: readonly CatalogueScope[],
  held: readonly string[] = [],
  at = '/scopes',
): Problem | null {
  const known = new Map(catalogue.map((scope) => [scope.name, scope]))
  const unknown = scopes.filter((name) => !known.has(name))
  if (unknown.length > 0) {
    const faults = unknown.slice(0, MAX_FAULTS).map((name, rank) => ({
      at: `${at}/${scopes.indexOf(name)}`,
      message: wordsFor(name, rank < MAX_SUGGESTIONS ? known.keys() : []),
    }))
    const more = unknown.length - faults.length
    const detail = [...faults.map(({ message }) => message), ...(more > 0 ? [`And ${more} more.`] : [])]
    return problem('unknown_scope', detail.join(' '), { faults })
  }
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
