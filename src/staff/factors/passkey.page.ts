import { type Html, html } from '../../pages/html.ts'
import type { Page } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import { alertOf } from './code-form.ts'
import { type OwnPage, ownFields } from './factors.page.ts'

/** Purposes of forms, for their CSRF tokens. */
export const ABOUT_PASSKEY = 'staff passkey'
export const ABOUT_CONFIRM_PASSKEY = 'staff confirm passkey'

export const PASSKEY_PATH = '/staff/passkey'
export const CONFIRM_PASSKEY_PATH = '/staff/confirm/passkey'
export const NEW_PASSKEY_PATH = '/staff/factors/passkey'

interface PasskeyForm {
  /** Options of the browser's own dialog (WebAuthn Level 3 §5.1). */
  readonly options: object
  readonly returnTo: string
  readonly alert?: string
  readonly status?: number
}

/** Signs in with a passkey alone. */
export function passkeyPage(
  pages: Pages,
  visit: Visit,
  form: PasskeyForm & { readonly isSecondStep: boolean },
): Page {
  const { returnTo, isSecondStep } = form
  const other = isSecondStep
    ? html`<a href="${pages.at('/staff/second-factor')}?with=recovery">Use a recovery code</a>`
    : html`<a href="${pages.at('/staff/sign-in')}?return_to=${encodeURIComponent(returnTo)}">Use your password</a>`
  return page(form, {
    title: isSecondStep ? 'One more step' : 'Staff sign-in',
    lead: isSecondStep ? 'The first step is done. Now use your passkey.' : 'For the people who run this API.',
    body: html`${passkeyForm(
      pages.at(PASSKEY_PATH),
      form,
      'get',
      html`${pages.csrfField(visit, ABOUT_PASSKEY)}${hiddenReturn(returnTo)}<button>Use a passkey</button>`,
    )}
<p class="links">${other}</p>`,
  })
}

/** A signed-in member's confirmation by a passkey. */
export function confirmPasskeyPage(pages: Pages, visit: Visit, form: PasskeyForm): Page {
  const { returnTo } = form
  return page(form, {
    title: 'Confirm that it is you',
    lead: 'What you are about to do needs it. It counts for 15 minutes.',
    body: html`${passkeyForm(
      pages.at(CONFIRM_PASSKEY_PATH),
      form,
      'get',
      html`${pages.csrfField(visit, ABOUT_CONFIRM_PASSKEY)}${hiddenReturn(returnTo)}<button>Use your passkey</button>`,
    )}
<p class="links"><a href="${pages.at('/staff/confirm/code')}?with=recovery&amp;return_to=${encodeURIComponent(returnTo)}">Use a recovery code</a> <a href="${pages.at(returnTo)}">Cancel</a></p>`,
  })
}

/** Enrols a passkey. */
export function newPasskeyPage(
  pages: Pages,
  visit: Visit,
  form: PasskeyForm & OwnPage & { readonly name: string },
): Page {
  return page(form, {
    title: 'Add a passkey',
    lead: 'Your device makes it, and asks for your fingerprint, face or PIN. It signs you in without a password.',
    body: html`${passkeyForm(
      pages.at(NEW_PASSKEY_PATH),
      form,
      'create',
      html`${ownFields(pages, visit, form)}
<div class="field">
<label for="name">Name of the passkey</label>
<input id="name" name="name" required maxlength="60" value="${form.name}"${AUTOFOCUS}>
</div>
<button>Add</button>`,
    )}
<p><a href="${pages.at('/staff/factors')}?return_to=${encodeURIComponent(form.returnTo)}">Cancel</a></p>`,
  })
}

const AUTOFOCUS = html` autofocus`

function page(
  { status, alert }: PasskeyForm,
  { title, lead, body }: Pick<Page, 'title' | 'body'> & { lead: string },
): Page {
  return {
    title,
    lead,
    body: html`${alertOf(alert === undefined ? {} : { alert })}
<noscript><p class="alert">Passkeys need JavaScript. Choose another way.</p></noscript>
<p class="alert" role="alert" data-passkey-alert hidden></p>
${body}`,
    asksForPasskey: true,
    ...(status === undefined ? {} : { status }),
  }
}

function passkeyForm(
  action: string,
  { options }: PasskeyForm,
  ceremony: 'get' | 'create',
  fields: Html,
): Html {
  return html`<form method="post" action="${action}" data-passkey="${ceremony}" data-options="${JSON.stringify(options)}">
<input type="hidden" name="credential" value="">
${fields}
</form>`
}

function hiddenReturn(returnTo: string): Html {
  return html`<input type="hidden" name="return_to" value="${returnTo}">`
}
