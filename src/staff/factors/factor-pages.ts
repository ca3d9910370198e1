import type { Secret } from '@doorward/sdk/kernel'
import { deriveKey } from '../../base/derive.ts'
import { seal, unseal } from '../../base/seal.ts'
import type { Db } from '../../db/schema.ts'
import { transact } from '../../db/transact.ts'
import type { Answer, Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { returnPathOf } from '../return-path.ts'
import type { PresentedSession } from '../staff-session.store.ts'
import { currentStaff } from '../start-staff-session.ts'
import { removeOwnFactor, renameOwnFactor } from './change-own-factor.ts'
import { enrolApp } from './enrol-app.ts'
import { listFactors } from './factor.store.ts'
import {
  APP_PATH,
  appPage,
  CODES_PATH,
  codesPage,
  FACTORS_PATH,
  factorGone,
  factorsPage,
  REMOVE_PATH,
  RENAME_PATH,
} from './factors.page.ts'
import type { EnrolledFactor } from './finish-enrolment.ts'
import { isProofFresh } from './hold-own-factors.ts'
import { renewRecoveryCodes } from './make-recovery-codes.ts'
import { nameOf, openOwnForms, whyNotNamed, withReturn } from './own-forms.ts'
import { countRecoveryCodes } from './recovery-code.store.ts'
import { relyingPartyOf } from './relying-party.ts'
import { mintTotpSecret, stepOf } from './totp.ts'

export interface FactorPagesParts {
  readonly db: Db
  readonly pages: Pages
  readonly publicUrl: string
  readonly serverSecret: Secret
  readonly requiresSecondFactor: boolean
}

/** Time to scan a new secret and to enter its first code. */
const ENROLMENT_MS = 15 * 60_000

/** The pages on which a signed-in member manages the own second factors. A change needs a fresh proof. */
export function factorPages(parts: FactorPagesParts): void {
  const { db, pages, publicUrl, serverSecret, requiresSecondFactor } = parts
  const { hostname: host } = new URL(publicUrl)
  const forms = openOwnForms(parts)
  const mayHavePasskeys = relyingPartyOf(publicUrl) !== null
  const sealKey = deriveKey(serverSecret, 'sealed secret')

  pages.get(FACTORS_PATH, async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    return who === undefined ? forms.toSignIn(FACTORS_PATH) : await showOwn(visit, who, returnTo)
  })
  // Shows another secret each time and stores none: it comes back sealed in the form.
  pages.get(APP_PATH, async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    const here = withReturn(APP_PATH, returnTo)
    if (who === undefined) return forms.toSignIn(here)
    if (!isProofFresh(who, visit.now)) return forms.toConfirm(here)
    const secret = mintTotpSecret()
    const enrolment = sealEnrolment({ secret, until: visit.now.getTime() + ENROLMENT_MS }, who)
    const name = 'Authenticator app'
    return { page: appPage(pages, visit, { who, secret, enrolment, host, name, returnTo }) }
  })
  forms.post(APP_PATH, takeApp)
  forms.post(RENAME_PATH, async (visit, fields, who, returnTo) => {
    const name = nameOf(fields)
    const why = whyNotNamed(name)
    if (why !== null) return await showOwn(visit, who, returnTo, why)
    const factor = { id: fields.get('id') ?? '', name }
    const isDone = await db
      .transaction()
      .execute((tx) => renameOwnFactor(tx, visit, who.session.staffId, factor))
    return isDone ? forms.toOwn(returnTo) : { failure: factorGone(pages) }
  })
  forms.post(REMOVE_PATH, async (visit, fields, who, returnTo) => {
    const id = fields.get('id') ?? ''
    const done = await transact(db, (tx) => removeOwnFactor(tx, visit, id, requiresSecondFactor))
    if (done.ok) return forms.toOwn(returnTo)
    if (done.no === 'unknown') return { failure: factorGone(pages) }
    return done.no === 'demanded'
      ? await showOwn(
          visit,
          who,
          returnTo,
          'You need one second factor. Set up another before you remove it.',
        )
      : forms.notHeld(done.no, returnTo)
  })
  forms.post(CODES_PATH, async (visit, _, who, returnTo) => {
    const made = await transact(db, (tx) => renewRecoveryCodes(tx, visit))
    if (made.ok) return { page: codesPage(pages, made.value, returnTo) }
    return made.no === 'no_second_factor'
      ? await showOwn(visit, who, returnTo, 'Set up a second factor first.')
      : forms.notHeld(made.no, returnTo)
  })

  async function takeApp(
    visit: Visit,
    fields: URLSearchParams,
    who: PresentedSession,
    returnTo: string,
  ): Promise<Answer> {
    const enrolment = fields.get('enrolment') ?? ''
    const opened = openEnrolment(enrolment, who, visit.now)
    if (opened === null) return { goTo: pages.at(withReturn(APP_PATH, returnTo)) }
    const { secret } = opened
    const name = nameOf(fields)
    const step = stepOf(secret, fields.get('code') ?? '', visit.now)
    const alert = whyNotNamed(name) ?? (step === null ? WRONG_FIRST_CODE : null)
    if (step === null || alert !== null) {
      const fault = { alert: alert ?? WRONG_FIRST_CODE, status: 422 }
      return { page: appPage(pages, visit, { who, secret, enrolment, host, name, returnTo, ...fault }) }
    }
    const done = await transact(db, (tx) => enrolApp(tx, sealKey, visit, { secret, step, name }))
    return done.ok ? enrolled(visit, done.value, returnTo) : forms.notHeld(done.no, returnTo)
  }

  function enrolled(visit: Visit, { token, codes }: EnrolledFactor, returnTo: string): Answer {
    visit.setCookie('staff', token)
    return codes === null ? forms.toOwn(returnTo) : { page: codesPage(pages, codes, returnTo) }
  }

  async function showOwn(
    visit: Visit,
    who: PresentedSession,
    returnTo: string,
    alert?: string,
  ): Promise<Answer> {
    const { staffId } = who.session
    const factors = await listFactors(db, staffId)
    const codes = await countRecoveryCodes(db, staffId)
    const fault = alert === undefined ? {} : { alert, status: 422 }
    const demands = { isDemanded: requiresSecondFactor, mayHavePasskeys }
    const own = { who, factors, codes, ...demands, returnTo, ...fault }
    return { page: factorsPage(pages, visit, own) }
  }

  function sealEnrolment(enrolment: Enrolment, { session }: PresentedSession): string {
    return seal(sealKey, JSON.stringify(enrolment), placeOfEnrolment(session.id)).toString('base64url')
  }

  function openEnrolment(sealed: string, { session }: PresentedSession, now: Date): Enrolment | null {
    const text = unseal(sealKey, Buffer.from(sealed, 'base64url'), placeOfEnrolment(session.id))
    const enrolment = text === null ? null : (JSON.parse(text) as Enrolment)
    return enrolment !== null && enrolment.until > now.getTime() ? enrolment : null
  }
}

/** Place of a sealed enrolment: one session's form. */
const placeOfEnrolment = (sessionId: string) => `enrolment of an authenticator app ${sessionId}`

/** A secret that was shown and is not enrolled yet. */
interface Enrolment {
  readonly secret: string
  /** Milliseconds of the clock. */
  readonly until: number
}

const WRONG_FIRST_CODE =
  'The code is wrong. Enter the one that the app shows now, and check the clock of the device.'
