import type { RefusedAttempts } from '../audit/refused-attempts.ts'
import { originOfStaff, originOfVisit } from '../audit/visit-origin.ts'
import type { Clock } from '../base/clock.ts'
import { hashToken, isToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import type { Logger } from '../http/log.ts'
import type { Answer, Pages } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import {
  emailOf,
  type NotProven,
  openAttempts,
  renewHash,
  TOO_BUSY,
  WRONG_PASSWORD,
} from '../sign-in/attempts.ts'
import { hashRequestOf } from '../users/password-queue.ts'
import type { Passwords } from '../users/prove-password.ts'
import { acceptLink } from './accept-link.ts'
import { confirmFactor, proofOf } from './confirm-factor.ts'
import { confirmPathOf, ssoConfirmPathOf } from './factors/confirm-path.ts'
import { withReturn } from './factors/own-forms.ts'
import { relyingPartyOf } from './factors/relying-party.ts'
import { mayInviterStillGive } from './inviter.ts'
import { returnPathOf } from './return-path.ts'
import { leadOn, type SignedIn, signInStaff } from './sign-in-staff.ts'
import { ssoOfferOf } from './sso/sso-offer.ts'
import { holdEnabledStaff, passwordOf, replaceStaffPassword } from './staff.store.ts'
import { type Factor, hasSecondFactor } from './staff.ts'
import { findStaffLink } from './staff-link.store.ts'
import type { StaffLink } from './staff-link.ts'
import {
  ABOUT_CONFIRM,
  ABOUT_SIGN_IN,
  ABOUT_SIGN_OUT,
  aboutWelcome,
  confirmPage,
  LINK_OVER,
  SSO_ONLY,
  signedOutPage,
  signInPage,
  type WelcomeForm,
  welcomePage,
} from './staff-sign-in.page.ts'
import { currentStaff, signOutStaff } from './start-staff-session.ts'

export interface StaffPagesParts {
  readonly db: Db
  readonly clock: Clock
  readonly pages: Pages
  readonly passwords: Passwords
  readonly refusedAttempts: RefusedAttempts
  readonly log: Logger
  /** True: a member without a second factor can do nothing but enrol one. */
  readonly requiresSecondFactor: boolean
  readonly publicUrl: string
}

/** The pages on which staff sign in, confirm that it is them, and use a one-time link. */
export function staffPages(parts: StaffPagesParts): void {
  const { db, clock, pages, passwords, refusedAttempts, log } = parts
  const attempts = openAttempts(refusedAttempts, clock, log)
  const mayHavePasskeys = relyingPartyOf(parts.publicUrl) !== null
  const signInForm = (returnTo: string, email: string) => ({
    ...{ returnTo, email },
    passkeyLink: mayHavePasskeys ? withReturn('/staff/passkey', returnTo) : null,
  })

  pages.get('/staff/sign-in', async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    if ((await currentStaff(db, visit)) !== undefined) return { goTo: pages.at(returnTo) }
    const sso = await ssoOfferOf(db)
    return { page: signInPage(pages, visit, { ...signInForm(returnTo, ''), sso }) }
  })
  pages.post('/staff/sign-in', () => ABOUT_SIGN_IN, takeSignIn)
  pages.get('/staff/confirm', async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn(returnTo)
    const withPassword = visit.query.get('with') === 'password'
    const elsewhere = await confirmElsewhere(who.enrolled, returnTo, withPassword)
    if (elsewhere !== null) return { goTo: pages.at(elsewhere) }
    return { page: confirmPage(pages, visit, { returnTo, email: who.member.email }) }
  })
  pages.post('/staff/confirm', () => ABOUT_CONFIRM, takeConfirmation)
  pages.get('/staff/welcome', async (visit) => {
    const token = visit.query.get('link') ?? ''
    const link = await linkOf(token, visit)
    return link === undefined
      ? { failure: LINK_OVER }
      : { page: welcomePage(pages, visit, await formOf({ token, link, email: link.email ?? '', name: '' })) }
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

  /** The page that asks for another factor than the password; null: the password is asked for here. */
  async function confirmElsewhere(
    enrolled: readonly Factor[],
    returnTo: string,
    withPassword: boolean,
  ): Promise<string | null> {
    if (!hasSecondFactor(enrolled)) {
      if ((await ssoOfferOf(db)) === 'required') return ssoConfirmPathOf(returnTo)
      if (withPassword && enrolled.includes('password')) return null
    }
    return confirmPathOf(enrolled, returnTo)
  }

  async function takeSignIn(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const email = emailOf(fields)
    const password = fields.get('password') ?? ''
    const returnTo = returnPathOf(fields.get('return_to'))
    const sso = await ssoOfferOf(db)
    if (sso === 'required')
      return { page: signInPage(pages, visit, { ...signInForm(returnTo, email), sso, status: 403 }) }
    const attempt = {
      ...{ email, origin: originOfVisit(visit, null), route: '/staff/sign-in', wrong: WRONG_PASSWORD },
    }
    const done = await attempts.make(visit, attempt, async () => {
      const proven = await provePassword(visit, email, password)
      if (!proven.ok) return proven
      return await transact<ProvenPassword & { signedIn: SignedIn }, NotProven>(db, async (tx) => {
        const { staffId, passwordHash } = proven.value
        const held = await holdEnabledStaff(tx, staffId)
        if (held === undefined) return no('wrong')
        if (held.passwordHash !== passwordHash) return no('changed')
        const first = { staffId, proven: ['password'], returnTo } as const
        return yes({ ...proven.value, signedIn: await signInStaff(tx, visit, first) })
      })
    })
    if (!done.ok)
      return { page: signInPage(pages, visit, { ...signInForm(returnTo, email), sso, ...done.no }) }
    await renew(visit, password, done.value)
    return leadOn(parts, visit, done.value.signedIn, returnTo)
  }

  async function takeConfirmation(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const password = fields.get('password') ?? ''
    const returnTo = returnPathOf(fields.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn(returnTo)
    const elsewhere = await confirmElsewhere(who.enrolled, returnTo, true)
    if (elsewhere !== null) return { goTo: pages.at(elsewhere) }
    const { email } = who.member
    const attempt = {
      ...{
        email,
        origin: originOfStaff(visit, who.session.staffId),
        route: '/staff/confirm',
        wrong: 'The password is wrong.',
      },
    }
    const proven = await attempts.make(visit, attempt, () => provePassword(visit, email, password))
    if (!proven.ok) return { page: confirmPage(pages, visit, { returnTo, email, ...proven.no }) }
    const confirmed = await confirmFactor(db, visit, who.session, proofOf('password'))
    await renew(visit, password, proven.value)
    return confirmed.ok && confirmed.value ? { goTo: pages.at(returnTo) } : toSignIn(returnTo)
  }

  /** Takes the same time for an address that no member has. */
  async function provePassword(
    visit: Visit,
    email: string,
    password: string,
  ): Promise<Result<ProvenPassword, NotProven>> {
    const known = await passwordOf(db, email)
    const passwordHash = known?.passwordHash ?? null
    const matches = await passwords.matches(hashRequestOf(visit), password, passwordHash)
    if (!matches.ok) return matches
    if (!matches.value || known === undefined || passwordHash === null) return no('wrong')
    return yes({ staffId: known.staffId, passwordHash })
  }

  async function renew(
    visit: Visit,
    password: string,
    { staffId, passwordHash }: ProvenPassword,
  ): Promise<void> {
    await renewHash({ passwords, log }, visit, { password, passwordHash }, (hashes) =>
      replaceStaffPassword(db, staffId, hashes),
    )
  }

  /** An invitation can be accepted by single sign-on; the other links are for members who cannot sign in by it. */
  async function formOf(form: Omit<WelcomeForm, 'sso'>): Promise<WelcomeForm> {
    return { ...form, sso: form.link.kind === 'invitation' ? await ssoOfferOf(db) : 'off' }
  }

  async function linkOf(token: string, visit: Visit): Promise<StaffLink | undefined> {
    if (!isToken('sl', token)) return undefined
    const link = await findStaffLink(db, hashToken(token), visit.now)
    return link !== undefined && (await mayInviterStillGive(db, link)) ? link : undefined
  }

  async function takeWelcome(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const token = fields.get('link') ?? ''
    const link = await linkOf(token, visit)
    if (link === undefined) return { failure: LINK_OVER }
    const email = link.email ?? emailOf(fields)
    const name = (fields.get('name') ?? '').trim().slice(0, 100)
    const form = await formOf({ token, link, email, name })
    if (form.sso === 'required') return { page: welcomePage(pages, visit, { ...form, alert: SSO_ONLY }) }
    if (!/^[^\s@]+@[^\s@]+$/.test(email))
      return { page: welcomePage(pages, visit, { ...form, alert: 'Enter your e-mail address.' }) }
    if (link.kind !== 'password' && !/^[^\p{C}]+$/u.test(name))
      return { page: welcomePage(pages, visit, { ...form, alert: 'Enter your name.' }) }
    const password = fields.get('password') ?? ''
    const done = await acceptLink(db, passwords, visit, link, { email, name, password })
    if (done.ok) return leadOn(parts, visit, done.value, returnPathOf(null))
    if (done.no.reason === 'link_over') return { failure: LINK_OVER }
    const alert = done.no.reason === 'too_busy' ? TOO_BUSY : done.no.why
    return { page: welcomePage(pages, visit, { ...form, alert }) }
  }
}

/** A member who has proved the password, and the hash that it was compared with. */
interface ProvenPassword {
  readonly staffId: string
  readonly passwordHash: string
}
