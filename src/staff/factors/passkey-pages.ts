import type { RefusedAttempts } from '../../audit/refused-attempts.ts'
import { originOfStaff, originOfVisit } from '../../audit/visit-origin.ts'
import { no, yes } from '../../base/result.ts'
import { transact } from '../../db/transact.ts'
import type { Answer, Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { confirmFactor } from '../confirm-factor.ts'
import { returnPathOf } from '../return-path.ts'
import { hashOfSignIn, leadOn, type SignedIn, signInStaff } from '../sign-in-staff.ts'
import { ssoOfferOf } from '../sso/sso-offer.ts'
import { holdEnabledStaff } from '../staff.store.ts'
import type { PresentedSession } from '../staff-session.store.ts'
import { findSignIn } from '../staff-sign-in.store.ts'
import { currentStaff } from '../start-staff-session.ts'
import { checkMadePasskey, enrolPasskey, passkeyOptions } from './enrol-passkey.ts'
import { codesPage } from './factors.page.ts'
import { finishSignIn } from './finish-sign-in.ts'
import { isProofFresh } from './hold-own-factors.ts'
import { nameOf, openOwnForms, whyNotNamed, withReturn } from './own-forms.ts'
import {
  ABOUT_CONFIRM_PASSKEY,
  ABOUT_PASSKEY,
  CONFIRM_PASSKEY_PATH,
  confirmPasskeyPage,
  NEW_PASSKEY_PATH,
  newPasskeyPage,
  PASSKEY_PATH,
  passkeyPage,
} from './passkey.page.ts'
import { findPasskeyOf, type PasskeyParts, requestOptions } from './prove-passkey.ts'
import type { RelyingParty } from './relying-party.ts'

export interface PasskeyPagesParts extends Omit<PasskeyParts, 'relyingParty'> {
  readonly pages: Pages
  readonly refusedAttempts: RefusedAttempts
  readonly requiresSecondFactor: boolean
  /** Null where browsers make no passkeys for our address. */
  readonly relyingParty: RelyingParty | null
}

/** The pages that ask for a passkey: to sign in, to confirm, and to enrol one. */
export function passkeyPages({ relyingParty, ...parts }: PasskeyPagesParts): void {
  if (relyingParty !== null) {
    openPasskeyPages({ ...parts, relyingParty })
    return
  }
  // A passkey of an earlier address cannot be used here: a recovery code is accepted instead.
  const { pages } = parts
  pages.get(PASSKEY_PATH, async () => ({ goTo: pages.at('/staff/sign-in') }))
  pages.get(CONFIRM_PASSKEY_PATH, async (visit) => {
    const returnTo = encodeURIComponent(returnPathOf(visit.query.get('return_to')))
    return { goTo: pages.at(`/staff/confirm/code?with=recovery&return_to=${returnTo}`) }
  })
}

function openPasskeyPages(parts: PasskeyPagesParts & PasskeyParts): void {
  const { db, pages, refusedAttempts } = parts
  const forms = openOwnForms(parts)

  pages.get(PASSKEY_PATH, async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    if ((await currentStaff(db, visit)) !== undefined) return { goTo: pages.at(returnTo) }
    // While single sign-on is required, a passkey is a second factor only.
    if ((await waitingSignIn(visit)) === undefined && (await ssoOfferOf(db)) === 'required')
      return forms.toSignIn(returnTo)
    return { page: await signInPage(visit, returnTo) }
  })
  pages.post(PASSKEY_PATH, () => ABOUT_PASSKEY, takeSignIn)

  pages.get(CONFIRM_PASSKEY_PATH, async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return forms.toSignIn(returnTo)
    if (!who.enrolled.includes('passkey')) return forms.toConfirm(returnTo)
    return { page: await confirmPage(visit, who, returnTo) }
  })
  pages.post(CONFIRM_PASSKEY_PATH, () => ABOUT_CONFIRM_PASSKEY, takeConfirmation)

  pages.get(NEW_PASSKEY_PATH, async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    const here = withReturn(NEW_PASSKEY_PATH, returnTo)
    if (who === undefined) return forms.toSignIn(here)
    if (!isProofFresh(who, visit.now)) return forms.toConfirm(here)
    return { page: await enrolPage(visit, who, returnTo, 'Passkey') }
  })
  forms.post(NEW_PASSKEY_PATH, takeNew)

  async function takeSignIn(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const hash = hashOfSignIn(visit)
    const waiting = await waitingSignIn(visit)
    const returnTo = waiting?.returnTo ?? returnPathOf(fields.get('return_to'))
    const answer = { purpose: SIGN_IN, staffId: null, text: fields.get('credential') ?? '' }
    const found = await findPasskeyOf(parts, visit, answer)
    const done = found.ok
      ? await transact<SignedIn, 'wrong'>(db, async (tx) => {
          const { staffId } = found.value
          // The second step of a sign-in that has begun, where it is the same member's.
          if (hash !== null && waiting?.staffId === staffId) {
            const token = await finishSignIn(tx, visit, hash, waiting, found.value)
            return token.ok
              ? yes({ kind: 'session', token: token.value, enrolled: ['passkey'] })
              : no('wrong')
          }
          if ((await holdEnabledStaff(tx, staffId)) === undefined) return no('wrong')
          if ((await found.value.spend(tx)) === null) return no('wrong')
          return yes(await signInStaff(tx, visit, { staffId, proven: ['passkey'], returnTo }))
        })
      : found
    if (done.ok) {
      if (visit.cookie('staff-sign-in') !== undefined) visit.setCookie('staff-sign-in', null)
      return leadOn(parts, visit, done.value, returnTo)
    }
    await refusedAttempts.record(originOfVisit(visit, null), refusedAt(PASSKEY_PATH))
    return { page: await signInPage(visit, returnTo, NOT_ACCEPTED) }
  }

  async function takeConfirmation(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const returnTo = returnPathOf(fields.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return forms.toSignIn(returnTo)
    const { session } = who
    const { staffId } = session
    const answer = { purpose: confirmOf(who), staffId, text: fields.get('credential') ?? '' }
    const found = await findPasskeyOf(parts, visit, answer)
    const done = found.ok ? await confirmFactor(db, visit, session, found.value) : found
    if (done.ok) return done.value ? { goTo: pages.at(returnTo) } : forms.toSignIn(returnTo)
    await refusedAttempts.record(originOfStaff(visit, staffId), refusedAt(CONFIRM_PASSKEY_PATH))
    return { page: await confirmPage(visit, who, returnTo, NOT_ACCEPTED) }
  }

  async function takeNew(
    visit: Visit,
    fields: URLSearchParams,
    who: PresentedSession,
    returnTo: string,
  ): Promise<Answer> {
    const name = nameOf(fields)
    const why = whyNotNamed(name)
    const made =
      why === null ? await checkMadePasskey(parts, visit, who, fields.get('credential') ?? '') : null
    const fault = { alert: why ?? NOT_MADE, status: 422 }
    if (made === null) return { page: await enrolPage(visit, who, returnTo, name, fault) }
    const done = await transact(db, (tx) => enrolPasskey(tx, visit, name, made))
    if (!done.ok)
      return done.no === 'refused'
        ? { page: await enrolPage(visit, who, returnTo, name, fault) }
        : forms.notHeld(done.no, returnTo)
    const { token, codes } = done.value
    visit.setCookie('staff', token)
    return codes === null ? forms.toOwn(returnTo) : { page: codesPage(pages, codes, returnTo) }
  }

  async function waitingSignIn(visit: Visit) {
    const hash = hashOfSignIn(visit)
    return hash === null ? undefined : await findSignIn(db, hash, visit.now)
  }

  async function signInPage(visit: Visit, returnTo: string, fault: Fault = {}) {
    const isSecondStep = (await waitingSignIn(visit)) !== undefined
    const options = await requestOptions(parts, visit, SIGN_IN, null)
    return passkeyPage(pages, visit, { options, returnTo, isSecondStep, ...fault })
  }

  async function confirmPage(visit: Visit, who: PresentedSession, returnTo: string, fault: Fault = {}) {
    const options = await requestOptions(parts, visit, confirmOf(who), who.session.staffId)
    return confirmPasskeyPage(pages, visit, { options, returnTo, ...fault })
  }

  async function enrolPage(
    visit: Visit,
    who: PresentedSession,
    returnTo: string,
    name: string,
    fault: Fault = {},
  ) {
    const options = await passkeyOptions(parts, visit, who)
    return newPasskeyPage(pages, visit, { who, options, returnTo, name, ...fault })
  }
}

/** Purposes of challenges. */
const SIGN_IN = 'sign in'
const confirmOf = ({ session }: PresentedSession) => `confirm ${session.id}`

interface Fault {
  readonly alert?: string
  readonly status?: number
}

const NOT_ACCEPTED: Fault = {
  alert: 'This passkey was not accepted. Try again, or choose another way.',
  status: 401,
}
const NOT_MADE = 'The passkey was not accepted. Try again: the device must check that it is you.'

function refusedAt(route: string) {
  return { code: 'sign_in_refused', method: 'POST', route, targetId: null, ownerId: null } as const
}
