import { expandScopes } from '@doorward/sdk/rules'
import type { Scope } from '../scopes/scopes.queries.ts'

/** The scopes of one resource: `orders` of `orders:read`. */
export interface ScopeGroup {
  readonly resource: string
  readonly scopes: readonly Scope[]
}

export function groupsOf(scopes: readonly Scope[]): ScopeGroup[] {
  const groups = Map.groupBy(scopes, ({ name }) => name.split(':')[0] ?? name)
  return [...groups]
    .map(([resource, each]) => ({ resource, scopes: each }))
    .sort((a, b) => a.resource.localeCompare(b.resource, 'en'))
}

/** For each scope that comes with chosen ones: the chosen scopes that imply it. */
export function impliedBy(
  chosen: readonly string[],
  scopes: readonly Scope[],
): ReadonlyMap<string, readonly string[]> {
  const implies = new Map(scopes.map((scope) => [scope.name, scope.implies]))
  const found = new Map<string, string[]>()
  for (const from of chosen)
    for (const name of expandScopes([from], implies))
      if (name !== from) found.set(name, [...(found.get(name) ?? []), from])
  return found
}

const READING: ReadonlySet<string> = new Set(['read', 'list', 'view', 'get'])

/** The scopes that only read: by their action, and by what they imply. */
export function readOnlyScopes(scopes: readonly Scope[]): string[] {
  const implies = new Map(scopes.map((scope) => [scope.name, scope.implies]))
  const reads = (name: string) => READING.has(name.split(':')[1] ?? '')
  return scopes
    .filter(
      ({ name, deprecated_at }) => deprecated_at === null && [...expandScopes([name], implies)].every(reads),
    )
    .map(({ name }) => name)
}
