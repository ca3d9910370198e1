import { hashToken, isToken } from '../base/one-time-token.ts'
import type { Answer } from '../pages/pages.ts'
import { browserHash, type Visit } from '../pages/visit.ts'
import { findChallenge } from './login-challenge.store.ts'
import type { LoginChallenge } from './login-challenge.ts'
import { CHALLENGE_OVER, NO_CHALLENGE, refusedFailure, refusedPage } from './sign-in.page.ts'
import type { SignInMethod, SignInParts } from './sign-in-method.ts'
import { startSession } from './start-session.ts'

/**
 * External login: the browser goes to the API provider's own login with a challenge, the provider's backend answers it,
 * and the browser returns with a verifier. Both are bound to that browser, against login CSRF and session fixation.
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
    // Back and again: a browser that is signed in continues as if it had returned once.
    const isDone =
      challenge.spentAt !== null && challenge.person !== null && (await parts.currentUser(visit)) !== null
    return isDone ? { goTo: pages.at(challenge.returnTo) } : { failure: CHALLENGE_OVER }
  }

  /** Shows the reason to the user before the app learns of the refusal. */
  function refused({ refusedTo, clientName }: LoginChallenge, reason: string): Answer {
    return refusedTo === null
      ? { failure: refusedFailure(reason) }
      : { page: refusedPage(pages, reason, { refusedTo, clientName }) }
  }
}

/** For a user who was disabled after the backend accepted. */
const DISABLED = 'You cannot sign in here at the moment.'
