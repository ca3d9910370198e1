import { addSeconds } from '../base/clock.ts'
import { hashToken, isToken } from '../base/one-time-token.ts'
import type { Db } from '../db/schema.ts'
import type { Answer } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import type { SignedInUser } from '../sessions/person.ts'
import { findSession, touchSession } from '../sessions/session.store.ts'
import { SEEN_EVERY_SECONDS } from '../sessions/session.ts'
import { holdEnabled } from '../users/disabled-user.store.ts'
import { builtInLogin } from './built-in-login.ts'
import { externalLogin } from './external-login.ts'
import { ABOUT_SIGN_OUT, signedInPage, signedOutPage } from './sign-in.page.ts'
import type { SignIn, SignInRequest } from './sign-in.ts'
import type { SignInMethod, SignInParts } from './sign-in-method.ts'
import { leadOn } from './signed-in-already.ts'
import { signOut } from './start-session.ts'
import { startSignIn } from './start-sign-in.ts'

/** Registers the sign-in pages for one of the two methods. @param loginUrl the external login; null: passwords here */
export function openSignIn(parts: Omit<SignInParts, 'currentUser'>, loginUrl: string | null): SignIn {
  const { db, pages } = parts
  const withSession: SignInParts = { ...parts, currentUser }
  const method: SignInMethod =
    loginUrl === null ? builtInLogin(withSession) : externalLogin(withSession, loginUrl)

  const starts = pages.startLimit()

  pages.get('/sign-in', showSignIn, { keepsOpener: true })
  pages.post(
    '/sign-out',
    () => ABOUT_SIGN_OUT,
    async (visit) => {
      await signOut(db, visit)
      visit.setCookie('browser', null)
      return { goTo: pages.at('/signed-out'), clearsStorage: true }
    },
    // Sent again after the cookies are gone: the browser is signed out already.
    {
      onStale: async (visit) =>
        visit.cookie('session') === undefined ? { goTo: pages.at('/signed-out') } : null,
    },
  )
  pages.get('/signed-out', async () => ({ page: signedOutPage(pages) }))

  return {
    currentUser,
    holdEnabled,
    start,
    startAgain: (visit, request) => start(visit, { ...request, fresh: true }, () => signOut(db, visit)),
    leadsAway: method.leadsAway,
  }

  async function showSignIn(visit: Visit): Promise<Answer> {
    const challenge = visit.query.get('login_challenge')
    if (challenge !== null)
      return (await leadOn(withSession, visit, challenge)) ?? (await method.show(visit, challenge))
    const who = await currentUser(visit)
    if (who !== null) return { page: signedInPage(pages, visit, who) }
    return await start(visit, { returnTo: '/sign-in' })
  }

  async function start(visit: Visit, request: SignInRequest, prepare = async () => {}): Promise<Answer> {
    const refused = starts.refuse(visit)
    if (refused !== null) return refused
    await prepare()
    return { goTo: method.entrance(await startSignIn(db, visit, request)) }
  }

  async function currentUser(visit: Visit, asking: Db = db): Promise<SignedInUser | null> {
    const token = visit.cookie('session')
    if (token === undefined || !isToken('ss', token)) return null
    const session = await findSession(asking, hashToken(token), visit.now)
    if (session === undefined) return null
    const person = await method.personOf(session, asking)
    if (person === null) return null
    if (session.seenAt < addSeconds(visit.now, -SEEN_EVERY_SECONDS))
      await touchSession(asking, session.id, visit.now)
    return { ...person, sessionId: session.id }
  }
}
