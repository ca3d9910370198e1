import type { ReachOfScope } from './reach.ts'

/** The catalogue as tokens need it: the API of each declared scope. */
export interface KnownScopes {
  readonly apiOf: Readonly<Record<string, string>>
  /** Identifiers of all APIs. */
  readonly apis: readonly string[]
  /** Scopes that reach nothing sensitive, implied ones included: the ceiling of clients that registered themselves. */
  readonly basic: ReadonlySet<string>
  /** Declared, and no longer given out. */
  readonly deprecated: ReadonlySet<string>
}

/** The catalogue as authorization needs it. */
export interface Catalogue extends KnownScopes {
  readonly scopes: ReadonlyMap<string, ScopeForPeople>
}

export interface ScopeForPeople extends ReachOfScope {
  readonly description: string
}
