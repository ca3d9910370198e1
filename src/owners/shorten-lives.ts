import { announce } from '../changes/change.store.ts'
import type { Tx } from '../db/schema.ts'
import { holdHolders, type LongestLife, type Reached, shortenSecrets } from './secret-lives.store.ts'

/**
 * Shortens the lives of all secrets of an owner's keys and clients that are too long, and tells every verifier. The
 * owner's row is locked, so that nobody makes a key or a client for it meanwhile.
 *
 * An expiry that has passed by this is a deadline like any other: verifiers read it off the record.
 */
export async function shortenLives(tx: Tx, longest: LongestLife): Promise<Reached> {
  const { ownerId, now } = longest
  await holdHolders(tx, ownerId)
  const secrets = await shortenSecrets(tx, longest)
  if (secrets.length > 0) {
    const secretIds = secrets.map(({ id }) => id)
    await announce(tx, now, { action: 'owner.changed', about: { secretIds } })
  }
  const ended = secrets.filter(({ expiresAt }) => expiresAt <= now).length
  return { shortened: secrets.length - ended, ended }
}
