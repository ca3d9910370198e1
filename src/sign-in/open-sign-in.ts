import { addSeconds } from '../base/clock.ts'
import { hashToken, isToken } from '../base/one-time-token.ts'
import type { Db } from '../db/schema.ts'
import type { Answer } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import type { SignedIn } from '../sessions/person.ts'
import { findSession, noteSeen } from '../sessions/session.store.ts'
import { SEEN_EVERY_SECONDS } from '../sessions/session.ts'
import { holdEnabled } from '../users/disabled-user.store.ts'
import { askToSignIn } from './ask-to-sign-in.ts'
import { builtIn } from './built-in.ts'
import { handOff } from './external-login.ts'
import { ABOUT_SIGN_OUT, signedInPage, signedOutPage } from './sign-in.page.ts'
import type { Accounts } from './sign-in.ts'
import type { SignInWay, WayParts } from './sign-in-way.ts'
import { leadOn } from './signed-in-already.ts'
import { signOut } from './start-session.ts'

/** Opens the pages of sign-in, in one of its two ways. @param loginUrl the API provider's own login; null: passwords here */
export function openAccounts(parts: Omit<WayParts, 'signedIn'>, loginUrl: string | null): Accounts {
  const { db, pages } = parts
  const withSession: WayParts = { ...parts, signedIn }
  const way: SignInWay = loginUrl === null ? builtIn(withSession) : handOff(withSession, loginUrl)

  pages.get('/sign-in', showSignIn, { keepsOpener: true, begins: true })
  pages.post(
    '/sign-out',
    () => ABOUT_SIGN_OUT,
    async (visit) => {
      await signOut(db, visit)
      visit.setCookie('browser', null)
      return { goTo: pages.at('/signed-out'), leavesNothing: true }
    },
  )
  pages.get('/signed-out', async () => ({ page: signedOutPage(pages) }))

  return {
    signedIn,
    holdEnabled,
    askToSignIn: async (visit, wish) => way.entrance(await askToSignIn(db, visit, wish)),
    signInAnew: async (visit, wish) => {
      await signOut(db, visit)
      return way.entrance(await askToSignIn(db, visit, { ...wish, fresh: true }))
    },
    leadsAway: way.leadsAway,
  }

  async function showSignIn(visit: Visit): Promise<Answer> {
    const challenge = visit.query.get('login_challenge')
    if (challenge !== null)
      return (await leadOn(withSession, visit, challenge)) ?? (await way.show(visit, challenge))
    const who = await signedIn(visit)
    if (who !== null) return { page: signedInPage(pages, visit, who) }
    return { goTo: way.entrance(await askToSignIn(db, visit, { returnTo: '/sign-in' })) }
  }

  async function signedIn(visit: Visit, asking: Db = db): Promise<SignedIn | null> {
    const token = visit.cookie('session')
    if (token === undefined || !isToken('ss', token)) return null
    const session = await findSession(asking, hashToken(token), visit.now)
    if (session === undefined) return null
    const person = await way.personOf(session, asking)
    if (person === null) return null
    if (session.seenAt < addSeconds(visit.now, -SEEN_EVERY_SECONDS))
      await noteSeen(asking, session.id, visit.now)
    return { ...person, sessionId: session.id }
  }
}
