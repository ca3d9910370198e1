import type { RefusedAttempts } from '../../audit/refused-attempts.ts'
import { originOfStaff } from '../../audit/visit-origin.ts'
import type { Result } from '../../base/result.ts'
import { transact } from '../../db/transact.ts'
import type { Answer, Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { confirmFactor } from '../confirm-factor.ts'
import { enrolledOf } from '../enrolled.store.ts'
import { returnPathOf } from '../return-path.ts'
import { hashOfSignIn } from '../sign-in-staff.ts'
import { type Factor, hasSecondFactor } from '../staff.ts'
import { findSignIn, takeTryOfSignIn } from '../staff-sign-in.store.ts'
import { currentStaff } from '../start-staff-session.ts'
import { faultOf, typedCodeOf } from './code-form.ts'
import { finishSignIn, type NotFinished } from './finish-sign-in.ts'
import { type CodeParts, findCode, type TypedCode } from './prove-code.ts'
import {
  ABOUT_CONFIRM_CODE,
  ABOUT_SECOND_STEP,
  CONFIRM_CODE_PATH,
  confirmCodePage,
  SECOND_STEP_PATH,
  secondStepPage,
  signInOver,
} from './second-step.page.ts'

export interface SecondStepParts extends CodeParts {
  readonly pages: Pages
  readonly refusedAttempts: RefusedAttempts
}

/** The pages on which staff prove a second factor by a code: at the sign-in, and to confirm that it is them. */
export function secondStepPages(parts: SecondStepParts): void {
  const { db, pages, refusedAttempts } = parts

  pages.get(SECOND_STEP_PATH, async (visit) => {
    const hash = hashOfSignIn(visit)
    const signIn = hash === null ? undefined : await findSignIn(db, hash, visit.now)
    if (signIn === undefined) return { goTo: pages.at('/staff/sign-in') }
    const enrolled = await enrolledOf(db, signIn.staffId)
    // The factors were reset meanwhile, which ends sign-ins: this one is about to be found over.
    if (!hasSecondFactor(enrolled)) return { goTo: pages.at('/staff/sign-in') }
    const asked = kindOf(visit.query)
    if (!enrolled.includes('totp') && asked === 'totp') return { goTo: pages.at('/staff/passkey') }
    return { page: secondStepPage(pages, visit, kindsOf(enrolled, asked)) }
  })
  pages.post(SECOND_STEP_PATH, () => ABOUT_SECOND_STEP, takeSecondStep)

  pages.get(CONFIRM_CODE_PATH, async (visit) => {
    const returnTo = returnPathOf(visit.query.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn(returnTo)
    if (!hasSecondFactor(who.enrolled)) return toConfirm(returnTo)
    const kinds = kindsOf(who.enrolled, kindOf(visit.query))
    return { page: confirmCodePage(pages, visit, { ...kinds, returnTo }) }
  })
  pages.post(CONFIRM_CODE_PATH, () => ABOUT_CONFIRM_CODE, takeConfirmation)

  async function takeSecondStep(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const hash = hashOfSignIn(visit)
    const signIn = hash === null ? undefined : await takeTryOfSignIn(db, hash, visit.now)
    if (hash === null || signIn === undefined) {
      // Another tab has finished it: the browser has a session, and no sign-in waits in it.
      const isFinished = hash === null && (await currentStaff(db, visit)) !== undefined
      return isFinished ? { goTo: pages.at(returnPathOf(null)) } : over(visit)
    }
    const { staffId, returnTo } = signIn
    const typed = typedCodeOf(fields)
    const found = await findCode(parts, visit, staffId, typed)
    const done = found.ok
      ? await transact<string, NotFinished>(db, (tx) => finishSignIn(tx, visit, hash, signIn, found.value))
      : found
    if (done.ok) {
      visit.setCookie('staff-sign-in', null)
      visit.setCookie('staff', done.value)
      return { goTo: pages.at(returnTo) }
    }
    if (done.no === 'over') return over(visit)
    await noteRefused(visit, staffId, SECOND_STEP_PATH)
    const kinds = kindsOf(await enrolledOf(db, staffId), typed.kind)
    return {
      page: secondStepPage(pages, visit, { ...kinds, fault: faultOf(done.no, typed.kind, visit.now) }),
    }
  }

  async function takeConfirmation(visit: Visit, fields: URLSearchParams): Promise<Answer> {
    const returnTo = returnPathOf(fields.get('return_to'))
    const who = await currentStaff(db, visit)
    if (who === undefined) return toSignIn(returnTo)
    const { session, enrolled } = who
    const typed = typedCodeOf(fields)
    const found = await findCode(parts, visit, session.staffId, typed)
    const done: Result<boolean, 'wrong'> | typeof found = found.ok
      ? await confirmFactor(db, visit, session, found.value)
      : found
    if (done.ok) return done.value === false ? toSignIn(returnTo) : { goTo: pages.at(returnTo) }
    await noteRefused(visit, session.staffId, CONFIRM_CODE_PATH)
    const fault = faultOf(done.no, typed.kind, visit.now)
    return { page: confirmCodePage(pages, visit, { ...kindsOf(enrolled, typed.kind), returnTo, fault }) }
  }

  function over(visit: Visit): Answer {
    visit.setCookie('staff-sign-in', null)
    return { failure: signInOver(pages) }
  }

  function toSignIn(returnTo: string): Answer {
    return { goTo: pages.at(`/staff/sign-in?return_to=${encodeURIComponent(returnTo)}`) }
  }

  function toConfirm(returnTo: string): Answer {
    return { goTo: pages.at(`/staff/confirm?return_to=${encodeURIComponent(returnTo)}`) }
  }

  async function noteRefused(visit: Visit, staffId: string, route: string): Promise<void> {
    const attempt = {
      code: 'sign_in_refused',
      method: 'POST',
      route,
      targetId: staffId,
      ownerId: null,
    } as const
    await refusedAttempts.record(originOfStaff(visit, staffId), attempt)
  }
}

function kindOf(query: URLSearchParams): TypedCode['kind'] {
  return query.get('with') === 'recovery' ? 'recovery_code' : 'totp'
}

/** The kind of code to ask for: a member without an app has recovery codes only. */
function kindsOf(enrolled: readonly Factor[], asked: TypedCode['kind']) {
  const hasApp = enrolled.includes('totp')
  const hasPasskey = enrolled.includes('passkey')
  return { kind: hasApp ? asked : 'recovery_code', hasApp, hasPasskey } as const
}
