import { withoutCredentials } from '@doorward/sdk/kernel'
import { whyNotShown } from '../../base/shown-text.ts'
import type { Db } from '../../db/schema.ts'
import type { Answer, Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { returnPathOf } from '../return-path.ts'
import type { PresentedSession } from '../staff-session.store.ts'
import { currentStaff } from '../start-staff-session.ts'
import { aboutFactors, FACTORS_PATH, MAX_NAME } from './factors.page.ts'
import type { NotHeld } from './hold-own-factors.ts'

type TakeForm = (
  visit: Visit,
  fields: URLSearchParams,
  who: PresentedSession,
  returnTo: string,
) => Promise<Answer>

/** Parts that all forms of the signed-in member share. */
export interface OwnForms {
  /** Registers a form. A form that was shown to another session is refused. */
  post(path: string, take: TakeForm): void
  /** Leads to the sign-in or the confirmation, and then back to the own factors. */
  notHeld(why: NotHeld, returnTo: string): Answer
  toOwn(returnTo: string): Answer
  toSignIn(returnTo: string): Answer
  toConfirm(returnTo: string): Answer
}

export function openOwnForms({ db, pages }: { readonly db: Db; readonly pages: Pages }): OwnForms {
  const to = (path: string, returnTo: string): Answer => ({ goTo: pages.at(withReturn(path, returnTo)) })
  const forms: OwnForms = {
    post: (path, take) => {
      const purpose = (fields: URLSearchParams) => aboutFactors(fields.get('session') ?? '')
      pages.post(path, purpose, async (visit, fields) => {
        const returnTo = returnPathOf(fields.get('return_to'))
        const who = await currentStaff(db, visit)
        if (who === undefined || who.session.id !== fields.get('session')) return forms.toSignIn(FACTORS_PATH)
        return await take(visit, fields, who, returnTo)
      })
    },
    notHeld: (why, returnTo) => {
      const here = withReturn(FACTORS_PATH, returnTo)
      return why === 'not_fresh' ? forms.toConfirm(here) : forms.toSignIn(here)
    },
    toOwn: (returnTo) => to(FACTORS_PATH, returnTo),
    toSignIn: (returnTo) => to('/staff/sign-in', returnTo),
    toConfirm: (returnTo) => to('/staff/confirm', returnTo),
  }
  return forms
}

export function withReturn(path: string, returnTo: string): string {
  return `${path}?return_to=${encodeURIComponent(returnTo)}`
}

/** The name of a factor in a form. */
export function nameOf(fields: URLSearchParams): string {
  return withoutCredentials((fields.get('name') ?? '').trim()).slice(0, MAX_NAME)
}

export function whyNotNamed(name: string): string | null {
  const why = name === '' ? 'is empty.' : whyNotShown(name)
  return why === null ? null : `The name ${why}`
}
