import { nearestName } from '@doorward/sdk/kernel'
import { type Problem, problem } from '../http/problem.ts'
import type { CatalogueScope } from './scope.ts'

/** Faults in one answer. */
const MAX_FAULTS = 20
/** A suggestion compares the caller's text with the whole catalogue, while the catalogue is locked. */
const MAX_SUGGESTIONS = 3

/**
 * Refuses scopes that cannot be given out: unknown ones, and deprecated ones unless they were held before.
 *
 * @param at where the scopes are in the request, as a JSON pointer
 * @returns the fault with the names of these scopes, and the nearest known names for the first of them; or null
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
      `No longer given out: ${deprecated.join(', ')}. Keys and clients that have it keep it.`,
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
