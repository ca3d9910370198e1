import { hashToken, isToken } from '../base/one-time-token.ts'
import type { Db } from '../db/schema.ts'
import type { Answer, Pages } from '../pages/pages.ts'
import { browserHash, type Visit } from '../pages/visit.ts'
import type { SignedInUser } from '../sessions/person.ts'
import { findChallenge } from './login-challenge.store.ts'
import { stateOf } from './login-challenge.ts'

/**
 * Skips a sign-in that is no longer needed, because the user has signed in in another tab. A challenge that asks for a
 * fresh sign-in accepts one that is younger than itself. The challenge stays unspent and expires.
 *
 * @returns null where the user has to sign in
 */
export async function leadOn(
  {
    db,
    pages,
    currentUser,
  }: { db: Db; pages: Pages; currentUser: (visit: Visit) => Promise<SignedInUser | null> },
  visit: Visit,
  token: string,
): Promise<Answer | null> {
  const challenge = isToken('lc', token)
    ? await findChallenge(db, { hash: hashToken(token) }, browserHash(visit))
    : undefined
  if (challenge === undefined || stateOf(challenge, visit.now) !== 'open') return null
  const who = await currentUser(visit)
  if (who === null || (challenge.wantsFresh && who.authenticatedAt < challenge.createdAt)) return null
  return { goTo: pages.at(challenge.returnTo) }
}
