import { html } from '../../pages/html.ts'
import type { Failure, Page } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { FormFault } from '../../sign-in/attempts.ts'
import { alertOf, codeFields } from './code-form.ts'
import type { TypedCode } from './prove-code.ts'

/** Purposes of forms, for their CSRF tokens. */
export const ABOUT_SECOND_STEP = 'staff second factor'
export const ABOUT_CONFIRM_CODE = 'staff confirm code'

export const SECOND_STEP_PATH = '/staff/second-factor'
export const CONFIRM_CODE_PATH = '/staff/confirm/code'

interface CodePage {
  readonly kind: TypedCode['kind']
  readonly hasApp: boolean
  readonly hasPasskey: boolean
  readonly fault?: FormFault
}

/** The second step of a sign-in. */
export function secondStepPage(
  pages: Pages,
  visit: Visit,
  { kind, hasApp, hasPasskey, fault }: CodePage,
): Page {
  const other = `${pages.at(SECOND_STEP_PATH)}${kind === 'totp' ? '?with=recovery' : ''}`
  return {
    title: 'One more step',
    lead: 'The first step is done. Now prove your second factor.',
    body: html`${alertOf(fault ?? {})}
<form method="post" action="${pages.at(SECOND_STEP_PATH)}">
${pages.csrfField(visit, ABOUT_SECOND_STEP)}
${codeFields(kind)}
<button>Sign in</button>
</form>
<p class="links">${kind === 'totp' && html`<a href="${other}">Use a recovery code</a>`}${
      kind === 'recovery_code' && hasApp && html`<a href="${other}">Use your authenticator app</a>`
    }${
      hasPasskey && html` <a href="${pages.at('/staff/passkey')}">Use a passkey</a>`
    } <a href="${pages.at('/staff/sign-in')}">Start again</a></p>`,
    ...shown(fault),
  }
}

/** A signed-in member's confirmation by a code. */
export function confirmCodePage(
  pages: Pages,
  visit: Visit,
  { kind, hasApp, fault, returnTo }: CodePage & { readonly returnTo: string },
): Page {
  const here = `${pages.at(CONFIRM_CODE_PATH)}?return_to=${encodeURIComponent(returnTo)}`
  return {
    title: 'Confirm that it is you',
    lead: 'What you are about to do needs it. It counts for 15 minutes.',
    body: html`${alertOf(fault ?? {})}
<form method="post" action="${pages.at(CONFIRM_CODE_PATH)}">
${pages.csrfField(visit, ABOUT_CONFIRM_CODE)}
<input type="hidden" name="return_to" value="${returnTo}">
${codeFields(kind)}
<button>Confirm</button>
</form>
<p class="links">${kind === 'totp' && html`<a href="${here}&amp;with=recovery">Use a recovery code</a>`}${
      kind === 'recovery_code' && hasApp && html`<a href="${here}">Use your authenticator app</a>`
    } <a href="${pages.at(returnTo)}">Cancel</a></p>`,
    ...shown(fault),
  }
}

function shown(fault: FormFault | undefined): Pick<Page, 'status' | 'retryAfterSeconds'> {
  if (fault === undefined) return {}
  const { alert: _, ...more } = fault
  return more
}

/** No sign-in waits for its second step in this browser. */
export function signInOver(pages: Pages): Failure {
  return {
    status: 401,
    title: 'Sign in again',
    message: 'This sign-in is over: it took more than ten minutes, or too many codes were wrong.',
    forDevelopers: html`Between its two steps a sign-in is a row of <code>staff_sign_ins</code> and a cookie of its own.`,
    wayOn: html`<p><a href="${pages.at('/staff/sign-in')}">Sign in</a></p>`,
  }
}
