import type { Tx } from '../db/schema.ts'
import { holdHolders, type LongestLife, type Reached, shortenSecrets } from './secret-lives.store.ts'

/** What became of secrets that lived too long, and their ids, for the announcement. */
export interface Shortened extends Reached {
  readonly secretIds: readonly string[]
}

/**
 * Shortens the lives of all secrets of an owner's keys and clients that are too long. The owner's row is locked, so that
 * no key and no client is created for it meanwhile.
 *
 * An expiry that has passed by this is a deadline like any other: verifiers read it off the record.
 */
export async function shortenLives(tx: Tx, longest: LongestLife): Promise<Shortened> {
  const { ownerId, now } = longest
  await holdHolders(tx, ownerId)
  const secrets = await shortenSecrets(tx, longest)
  const ended = secrets.filter(({ expiresAt }) => expiresAt <= now).length
  return { shortened: secrets.length - ended, ended, secretIds: secrets.map(({ id }) => id) }
}
