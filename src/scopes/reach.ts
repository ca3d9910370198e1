import { expandScopes } from '@doorward/sdk/rules'
import { type CatalogueScope, SENSITIVITIES, type Sensitivity } from './scope.ts'

type Entry = Pick<CatalogueScope, 'name' | 'sensitivity' | 'implies'>

/** A scope together with all that it implies, directly or not. */
export interface ReachOfScope {
  /** Names of the implied scopes, sorted. */
  readonly brings: readonly string[]
  /** The highest of its own sensitivity and theirs. */
  readonly sensitivity: Sensitivity
}

/**
 * The reach of each scope. Rules on sensitivity use the reach, never the scope's own sensitivity alone: otherwise a basic
 * scope that implies a restricted one would give it to apps that were never reviewed (ADR 0024).
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
