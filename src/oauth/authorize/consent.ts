import type { ShownJson } from '../../db/oauth-tables.ts'

/** A user's consent to a client. */
export interface Consent {
  readonly userId: string
  readonly ownerId: string
  /** Time of the question. `before` and `repeated` (a moment ago, for this very request) never change a grant. */
  readonly asked: 'now' | 'before' | 'repeated'
  /** Of those that were requested. */
  readonly scopes: readonly string[]
  /** Scopes that the shown ones imply, as the page said: see `implied-scopes.ts`. */
  readonly implied: readonly string[]
  readonly shown: ShownJson
}
