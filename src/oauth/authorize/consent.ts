import type { ShownJson } from '../../db/oauth-tables.ts'

/** What a user allows an app. */
export interface Consent {
  readonly userId: string
  readonly ownerId: string
  /**
   * When the user was asked. `before` and `repeated` (a moment ago, for this very request) change nothing of a grant:
   * no more than the user said then.
   */
  readonly asked: 'now' | 'before' | 'repeated'
  /** Of those that were requested. */
  readonly scopes: readonly string[]
  /** Scopes that the shown ones imply, as the page said: see `implied-scopes.ts`. */
  readonly implied: readonly string[]
  readonly shown: ShownJson
}
