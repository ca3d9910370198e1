import type { Tx } from '../db/schema.ts'
import { holdHolders, type LongestLife, type Reached, shortenSecrets } from './secret-lives.store.ts'

/** Numbers and ids of the shortened secrets, for the announcement. */
export interface Shortened extends Reached {
  readonly secretIds: readonly string[]
}

/**
 * Shortens the lifetimes of an owner's secrets that exceed the policy. The owner's row is locked, so that no key and no
 * client is created for it meanwhile.
 *
 * An expiry that has passed by this is a deadline like any other: verifiers read it from the record.
 */
export async function shortenLives(tx: Tx, longest: LongestLife): Promise<Shortened> {
  const { ownerId, now } = longest
  await holdHolders(tx, ownerId)
  const secrets = await shortenSecrets(tx, longest)
  const ended = secrets.filter(({ expiresAt }) => expiresAt <= now).length
  return { shortened: secrets.length - ended, ended, secretIds: secrets.map(({ id }) => id) }
}
