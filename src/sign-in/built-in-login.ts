import { originOfVisit } from '../audit/visit-origin.ts'
import { hashToken, isToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { isDoubleClick } from '../pages/double-click.ts'
import type { Answer } from '../pages/pages.ts'
import { browserHash, type Visit } from '../pages/visit.ts'
import type { Person, SignedInUser } from '../sessions/person.ts'
import type { Session } from '../sessions/session.ts'
import { findLink } from '../users/password-link.store.ts'
import { hashRequestOf } from '../users/password-queue.ts'
import type { ProvenPassword } from '../users/prove-password.ts'
import { setPassword } from '../users/set-password.ts'
import { findUser, replacePasswordHash } from '../users/user.store.ts'
import { emailOf, type NotProven, openAttempts, renewHash, TOO_BUSY, WRONG_PASSWORD } from './attempts.ts'
import { findChallenge } from './login-challenge.store.ts'
import { type LoginChallenge, stateOf } from './login-challenge.ts'
import {
  aboutPassword,
  aboutSignIn,
  CHALLENGE_OVER,
  LINK_OVER,
  NO_CHALLENGE,
  passwordPage,
  passwordSetPage,
  signInPage,
} from './sign-in.page.ts'
import type { SignInMethod, SignInParts } from './sign-in-method.ts'
import { leadOn } from './signed-in-already.ts'
import { startSession } from './start-session.ts'

/** Built-in login: our own users, with e-mail address and password. */
export function builtInLogin(parts: SignInParts): SignInMethod {
  const { db, clock, pages, passwords, refusedAttempts, log } = parts
  const attempts = openAttempts(refusedAttempts, clock, log)

  const aboutForm = (fields: URLSearchParams) => aboutSignIn(fields.get('login_challenge') ?? '')
  // A form that was shown before a sign-in, in another tab or by its own first click, is out of date: it is redirected, and
  // no password is checked.
  const onStale = async (visit: Visit, fields: URLSearchParams): Promise<Answer | null> => {
    const token = fields.get('login_challenge') ?? ''
    const elsewhere = await leadOn(parts, visit, token)
    if (elsewhere !== null) return elsewhere
    const challenge = await challengeOf(visit, token)
    const here = challenge === undefined ? null : await over(visit, challenge)
    return here !== null && 'goTo' in here ? here : null
  }
  pages.post('/sign-in', aboutForm, takeSignIn, { keepsOpener: true, onStale })
  pages.get('/set-password', showPassword)
  pages.post('/set-password', (fields) => aboutPassword(fields.get('link') ?? ''), takePassword)
  pages.get('/password-set', async () => ({ page: passwordSetPage(pages) }))

  return {
    leadsAway: false,
    entrance: (challenge) => pages.at(`/sign-in?login_challenge=${challenge}`),
    personOf,
    show: async (visit, token) => {
      const challenge = await challengeOf(visit, token)
      if (challenge === undefined) return { failure: NO_CHALLENGE }
      if (stateOf(challenge, visit.now) !== 'open') return await over(visit, challenge)
      const { clientName, loginHint } = challenge
      return { page: signInPage(pages, visit, { challenge: token, clientName, email: loginHint ?? '' }) }
    },
  }

  async function takeSignIn(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const token = fields.get('login_challenge') ?? ''
    const challenge = await challengeOf(visit, token)
    if (challenge === undefined) return { failure: NO_CHALLENGE }
    if (stateOf(challenge, visit.now) !== 'open') return await over(visit, challenge)

    const email = emailOf(fields)
    const password = fields.get('password') ?? ''
    const attempt = {
      ...{ email, origin: originOfVisit(visit, null), route: '/sign-in', wrong: WRONG_PASSWORD },
    }
    const done = await attempts.make(visit, attempt, () => signIn(visit, challenge, email, password))
    if (!done.ok) {
      const form = { challenge: token, clientName: challenge.clientName, email, ...done.no }
      return { page: signInPage(pages, visit, form) }
    }
    const { userId, passwordHash } = done.value
    await renewHash(parts, visit, { password, passwordHash }, (hashes) =>
      replacePasswordHash(db, userId, hashes),
    )
    return { goTo: pages.at(challenge.returnTo) }
  }

  async function signIn(
    visit: Visit,
    { hash }: LoginChallenge,
    email: string,
    password: string,
  ): Promise<Result<ProvenPassword, NotProven>> {
    const proved = await passwords.prove(hashRequestOf(visit), email, password)
    if (!proved.ok) return proved
    const proven = proved.value
    if (proven === null) return no('wrong')
    const started = await startSession(db, visit, { hash }, () => proven)
    // `not_open`: the form was sent twice at once. The browser has the session, or is asked again.
    if (started.ok || started.no === 'not_open') return yes(proven)
    return no(started.no === 'password_changed' ? 'changed' : 'wrong')
  }

  /** Found by token and browser together: in another browser a challenge is worthless. */
  async function challengeOf(visit: Visit, token: string): Promise<LoginChallenge | undefined> {
    return isToken('lc', token)
      ? await findChallenge(db, { hash: hashToken(token) }, browserHash(visit))
      : undefined
  }

  /**
   * Answers a form that was sent twice, or after Back. A browser that is signed in continues as if it had been sent once;
   * so does one whose second request left before the first response set the session cookie.
   */
  async function over(visit: Visit, { spentAt, returnTo }: LoginChallenge): Promise<Answer> {
    if (spentAt === null) return { failure: CHALLENGE_OVER }
    const isDone = isDoubleClick(spentAt, visit.now) || (await parts.currentUser(visit)) !== null
    return isDone ? { goTo: pages.at(returnTo) } : { failure: CHALLENGE_OVER }
  }

  /** Name, address and owners as they are now, so that a removed member loses access with the next request. */
  async function personOf(session: Session, db: Db): Promise<Omit<SignedInUser, 'sessionId'> | null> {
    if (session.person !== null) return null
    const user = await findUser(db, 'every_owner', session.userId)
    if (user === undefined) return null
    const { id: userId, name: displayName, email, owners } = user
    return { userId, displayName, email, owners, authenticatedAt: session.authenticatedAt } satisfies Person
  }

  async function showPassword(visit: Visit): Promise<Answer> {
    const link = visit.query.get('link') ?? ''
    const found = isToken('pl', link) ? await findLink(db, hashToken(link), visit.now) : undefined
    return found === undefined
      ? { failure: LINK_OVER }
      : { page: passwordPage(pages, visit, link, found.email) }
  }

  async function takePassword(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const link = fields.get('link') ?? ''
    const found = isToken('pl', link) ? await findLink(db, hashToken(link), visit.now) : undefined
    if (found === undefined) return { failure: LINK_OVER }
    const done = await setPassword(db, passwords, visit, link, fields.get('password') ?? '')
    if (done.ok) return { goTo: pages.at('/password-set') }
    if (done.no.reason === 'link_over') return { failure: LINK_OVER }
    const alert = done.no.reason === 'too_busy' ? TOO_BUSY : done.no.why
    return { page: passwordPage(pages, visit, link, found.email, alert) }
  }
}
