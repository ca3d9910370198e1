import type { RefusedAttempts } from '../audit/refused-attempts.ts'
import { originOfVisit } from '../audit/visit-origin.ts'
import { networkOf } from '../base/network.ts'
import { hashToken, isToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import type { Logger } from '../http/log.ts'
import type { Answer, Pages } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import { SignInLimits } from '../sign-in/sign-in-limits.ts'
import type { Passwords } from '../users/prove-password.ts'
import { acceptLink } from './accept-link.ts'
import { confirmFactor } from './confirm-factor.ts'
import { returnPathOf } from './return-path.ts'
import { holdEnabledStaff, passwordOf } from './staff.store.ts'
import { findStaffLink } from './staff-link.store.ts'
import type { StaffLink } from './staff-link.ts'
import {
  ABOUT_CONFIRM,
  ABOUT_SIGN_IN,
  ABOUT_SIGN_OUT,
  aboutWelcome,
  confirmPage,
  LINK_OVER,
  signedOutPage,
  signInPage,
  TOO_BUSY,
  type WelcomeForm,
  welcomePage,
} from './staff-sign-in.page.ts'
import { currentStaff, signOutStaff, startStaffSession } from './start-staff-session.ts'

export interface StaffPagesParts {
  readonly db: Db
  readonly pages: Pages
  readonly passwords: Passwords
  readonly refusedAttempts: RefusedAttempts
  readonly log: Logger
}

/** The pages on which staff sign in, confirm that it is them, and use a one-time link. */
export function staffPages({ db, pages, passwords, refusedAttempts, log }: StaffPagesParts): void {
  const limits = new SignInLimits()

  pages.get('/staff/sign-in', async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    if ((await currentStaff(db, visit)) !== undefined) return { goTo: pages.at(returnTo) }
    return { page: signInPage(pages, visit, { returnTo, email: '' }) }
  })
  pages.post('/staff/sign-in', () => ABOUT_SIGN_IN, takeSignIn)
  pages.get('/staff/confirm', async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn(returnTo)
    return { page: confirmPage(pages, visit, { returnTo, email: who.member.email }) }
  })
  pages.post('/staff/confirm', () => ABOUT_CONFIRM, takeConfirmation)
  pages.get('/staff/welcome', async (visit) => {
    const token = visit.query.get('link') ?? ''
    const link = await linkOf(token, visit)
    return link === undefined
      ? { failure: LINK_OVER }
      : { page: welcomePage(pages, visit, { token, link, email: link.email ?? '', name: '' }) }
  })
  pages.post('/staff/welcome', (fields) => aboutWelcome(fields.get('link') ?? ''), takeWelcome)
  pages.post(
    '/staff/sign-out',
    () => ABOUT_SIGN_OUT,
    async (visit) => {
      await signOutStaff(db, visit)
      return { goTo: pages.at('/staff/signed-out'), clearsStorage: true }
    },
  )
  // Where the dashboard has ended the session: its cookie is worthless by now. A GET ends no session.
  pages.get('/staff/signed-out', async (visit) => {
    const isSignedIn = (await currentStaff(db, visit)) !== undefined
    if (!isSignedIn && visit.cookie('staff') !== undefined) visit.setCookie('staff', null)
    return { page: signedOutPage(pages, visit, isSignedIn), clearsStorage: !isSignedIn }
  })

  function toSignIn(returnTo: string): Answer {
    return { goTo: pages.at(`/staff/sign-in?return_to=${encodeURIComponent(returnTo)}`) }
  }

  async function takeSignIn(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const email = emailOf(fields)
    const returnTo = returnPathOf(fields.get('return_to'))
    const form = { email, returnTo }
    const checked = await checkPassword(visit, email, fields.get('password') ?? '')
    if (!checked.ok) return { page: signInPage(pages, visit, { ...form, ...checked.no }) }
    const { staffId, passwordHash } = checked.value
    const started = await transact<string, 'changed'>(db, async (tx) => {
      const held = await holdEnabledStaff(tx, staffId)
      if (held === undefined || held.passwordHash !== passwordHash) return no('changed')
      return yes(await startStaffSession(tx, visit, staffId, ['password']))
    })
    if (!started.ok) return { page: signInPage(pages, visit, { ...form, ...WRONG }) }
    visit.setCookie('staff', started.value)
    return { goTo: pages.at(returnTo) }
  }

  async function takeConfirmation(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const returnTo = returnPathOf(fields.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn(returnTo)
    const { email } = who.member
    const checked = await checkPassword(visit, email, fields.get('password') ?? '')
    const form = { returnTo, email }
    if (!checked.ok) return { page: confirmPage(pages, visit, { ...form, ...checked.no }) }
    const done = await confirmFactor(db, visit, who.session, 'password')
    return done ? { goTo: pages.at(returnTo) } : toSignIn(returnTo)
  }

  /** Proves a password within the limits on guesses. "No": the fault for the form. */
  async function checkPassword(
    visit: Visit,
    email: string,
    password: string,
  ): Promise<Result<{ staffId: string; passwordHash: string }, FormFault>> {
    const wait = await limits.attempt(email, visit.ip)
    if (wait !== null) {
      log.warn({ request_id: visit.requestId, ip: visit.ip }, 'staff sign-in not tried: too many attempts')
      const minutes = Math.ceil(wait / 60)
      const alert = `Too many attempts. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`
      return no({ alert, status: 429, retryAfterSeconds: wait })
    }
    const known = await passwordOf(db, email)
    const stored = known?.passwordHash ?? null
    const queued = { network: networkOf(visit.ip), isGone: visit.isGone }
    const matches = await passwords.matches(queued, password, stored)
    if (!matches.ok) return no({ alert: TOO_BUSY, status: 503, retryAfterSeconds: 5 })
    // One answer for every failure, so that nothing reveals who is staff.
    if (!matches.value || known === undefined || stored === null) {
      await refusedAttempts.record(originOfVisit(visit, null), REFUSED)
      return no(WRONG)
    }
    await limits.succeeded(email, visit.ip)
    return yes({ staffId: known.staffId, passwordHash: stored })
  }

  async function linkOf(token: string, visit: Visit): Promise<StaffLink | undefined> {
    return isToken('sl', token) ? await findStaffLink(db, hashToken(token), visit.now) : undefined
  }

  async function takeWelcome(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const token = fields.get('link') ?? ''
    const link = await linkOf(token, visit)
    if (link === undefined) return { failure: LINK_OVER }
    const email = link.email ?? emailOf(fields)
    const name = (fields.get('name') ?? '').trim().slice(0, 100)
    const form: WelcomeForm = { token, link, email, name }
    if (!/^[^\s@]+@[^\s@]+$/.test(email))
      return { page: welcomePage(pages, visit, { ...form, alert: 'Enter your e-mail address.' }) }
    if (link.kind !== 'password' && !/^[^\p{C}]+$/u.test(name))
      return { page: welcomePage(pages, visit, { ...form, alert: 'Enter your name.' }) }
    const password = fields.get('password') ?? ''
    const done = await acceptLink(db, passwords, visit, link, { email, name, password })
    if (done.ok) {
      visit.setCookie('staff', done.value)
      return { goTo: pages.at(returnPathOf(null)) }
    }
    if (done.no.reason === 'link_over') return { failure: LINK_OVER }
    const alert = done.no.reason === 'too_busy' ? TOO_BUSY : done.no.why
    return { page: welcomePage(pages, visit, { ...form, alert }) }
  }
}

/** A fault that a form shows. */
export interface FormFault {
  readonly alert: string
  readonly status: number
  readonly retryAfterSeconds?: number
}

function emailOf(fields: URLSearchParams): string {
  return (fields.get('email') ?? '').trim().toLowerCase().slice(0, 254)
}

const WRONG: FormFault = { alert: 'The e-mail address or the password is wrong.', status: 401 }

const REFUSED = {
  code: 'sign_in_refused',
  method: 'POST',
  route: '/staff/sign-in',
  targetId: null,
  ownerId: null,
} as const
