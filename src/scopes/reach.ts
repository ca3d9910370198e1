import { expandScopes } from '@doorward/sdk/rules'
import { type CatalogueScope, SENSITIVITIES, type Sensitivity } from './scope.ts'

type Entry = Pick<CatalogueScope, 'name' | 'sensitivity' | 'implies'>

/** What a scope amounts to, with all that it implies, directly or not. */
export interface ReachOfScope {
  /** Names of the scopes that it brings along, in order. */
  readonly brings: readonly string[]
  /** The highest of its own and of theirs: it opens what they open. */
  readonly sensitivity: Sensitivity
}

/**
 * What each scope amounts to. Rules about sensitivity are about this and never about the name alone: else a basic scope
 * that implies a restricted one would hand it to apps that nobody looked at (ADR 0024).
 */
export function reachOf(catalogue: readonly Entry[]): ReadonlyMap<string, ReachOfScope> {
  const byName = new Map(catalogue.map((scope) => [scope.name, scope]))
  const implies = new Map(catalogue.map(({ name, implies }) => [name, implies]))
  return new Map(
    catalogue.map(({ name }) => {
      const all = [...expandScopes([name], implies)].sort()
      const ranks = all.map((each) => SENSITIVITIES.indexOf(byName.get(each)?.sensitivity ?? 'basic'))
      return [
        name,
        {
          brings: all.filter((each) => each !== name),
          sensitivity: SENSITIVITIES[Math.max(...ranks)] ?? 'restricted',
        },
      ]
    }),
  )
}
