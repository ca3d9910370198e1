import type { ReachOfScope } from './reach.ts'

/** The catalogue, as far as it matters here: the API of each scope that is declared. */
export interface KnownScopes {
  readonly apiOf: Readonly<Record<string, string>>
  /** Identifiers of all APIs. */
  readonly apis: readonly string[]
  /** Those that amount to nothing sensitive, with all that they imply: all that clients that nobody registered can be granted by themselves. */
  readonly basic: ReadonlySet<string>
  /** Declared, and not given out any more. */
  readonly deprecated: ReadonlySet<string>
}

/** The catalogue as authorization needs it. */
export interface Catalogue extends KnownScopes {
  readonly scopes: ReadonlyMap<string, ScopeForPeople>
}

export interface ScopeForPeople extends ReachOfScope {
  readonly description: string
}
