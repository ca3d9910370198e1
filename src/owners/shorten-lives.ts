import type { Tx } from '../db/schema.ts'
import { type LongestLife, type Reached, shortenSecrets } from './secret-lives.store.ts'

/** Numbers and ids of the shortened secrets, for the announcement. */
export interface Shortened extends Reached {
  readonly secretIds: readonly string[]
}

/**
 * Shortens the lifetimes of secrets that exceed a policy. Their holders are locked. No other is made meanwhile to which
 * it applies: for an owner's policy the owner's row is locked, for an environment's the new rules are committed before.
 *
 * An expiry that has passed by this is a deadline like any other: verifiers read it from the record.
 */
export async function shortenLives(tx: Tx, ...lives: readonly LongestLife[]): Promise<Shortened> {
  const reached = { shortened: 0, ended: 0 }
  const secretIds: string[] = []
  for (const longest of lives)
    for (const { id, expiresAt } of await shortenSecrets(tx, longest)) {
      reached[expiresAt <= longest.now ? 'ended' : 'shortened'] += 1
      secretIds.push(id)
    }
  return { ...reached, secretIds }
}
