import { hashToken, isToken } from '../base/one-time-token.ts'
import type { Answer } from '../pages/pages.ts'
import { browserHash, type Visit } from '../pages/visit.ts'
import { findChallenge } from './login-challenge.store.ts'
import type { LoginChallenge } from './login-challenge.ts'
import { CHALLENGE_OVER, NO_CHALLENGE, refusedFailure, refusedPage } from './sign-in.page.ts'
import type { SignInMethod, SignInParts } from './sign-in-method.ts'
import { startSession } from './start-session.ts'

/**
 * The API provider's own login: the browser is sent there with a challenge, the provider's backend answers it, and the
 * browser comes back with a verifier. Both are worth nothing in any other browser.
 */
export function externalLogin(parts: SignInParts, loginUrl: string): SignInMethod {
  const { db, pages } = parts
  const entrance = (challenge: string) => {
    const url = new URL(loginUrl)
    url.searchParams.set('login_challenge', challenge)
    return url.href
  }
  pages.get('/sign-in/return', comeBack, { keepsOpener: true })
  return {
    entrance,
    leadsAway: true,
    personOf: async (session) => session.person,
    show: async (_, challenge) =>
      isToken('lc', challenge) ? { goTo: entrance(challenge) } : { failure: NO_CHALLENGE },
  }

  async function comeBack(visit: Visit): Promise<Answer> {
    const verifier = visit.query.get('login_verifier') ?? ''
    if (!isToken('lv', verifier)) return { failure: NO_CHALLENGE }
    const name = { verifierHash: hashToken(verifier) }
    const started = await startSession(db, visit, name, ({ person }) => (person === null ? null : { person }))
    if (started.ok) {
      const { person, returnTo, rejectedReason } = started.value
      return person === null ? refused(started.value, rejectedReason ?? '') : { goTo: pages.at(returnTo) }
    }
    const challenge = await findChallenge(db, name, browserHash(visit))
    if (challenge === undefined) return { failure: NO_CHALLENGE }
    if (started.no === 'disabled') return refused(challenge, DISABLED)
    // Back and again: who is signed in meanwhile goes on as if it had been once.
    const isDone =
      challenge.spentAt !== null && challenge.person !== null && (await parts.currentUser(visit)) !== null
    return isDone ? { goTo: pages.at(challenge.returnTo) } : { failure: CHALLENGE_OVER }
  }

  /** The reason is for the person, who reads it here before the app hears of a no. */
  function refused({ refusedTo, clientName }: LoginChallenge, reason: string): Answer {
    return refusedTo === null
      ? { failure: refusedFailure(reason) }
      : { page: refusedPage(pages, reason, { refusedTo, clientName }) }
  }
}

/** Accepted a moment before the person was disabled. */
const DISABLED = 'You cannot sign in here at the moment.'
