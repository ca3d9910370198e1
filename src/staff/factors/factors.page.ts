import { type Html, html } from '../../pages/html.ts'
import type { Failure, Page } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { PresentedSession } from '../staff-session.store.ts'
import { alertOf } from './code-form.ts'
import type { EnrolledSecondFactor } from './factor.store.ts'
import type { RecoveryCodesLeft } from './recovery-code.store.ts'
import { RECOVERY_CODES } from './recovery-code.ts'
import { qrCodeOf, uriOf } from './totp.ts'

export const FACTORS_PATH = '/staff/factors'
export const APP_PATH = '/staff/factors/app'
export const RENAME_PATH = '/staff/factors/rename'
export const REMOVE_PATH = '/staff/factors/remove'
export const CODES_PATH = '/staff/factors/recovery-codes'

/** Longest name of a factor. */
export const MAX_NAME = 60

/** Purpose of the forms, for their CSRF tokens: for one session, so that they never act for another member. */
export const aboutFactors = (sessionId: string) => `staff factors ${sessionId}`

/** A page of the signed-in member, with a way back to what the member came from. */
export interface OwnPage {
  readonly who: PresentedSession
  readonly returnTo: string
  readonly alert?: string
  readonly status?: number
}

export interface OwnFactors extends OwnPage {
  readonly factors: readonly EnrolledSecondFactor[]
  readonly codes: RecoveryCodesLeft
  /** True where a second factor is demanded of all staff. */
  readonly isDemanded: boolean
  readonly mayHavePasskeys: boolean
}

/** A member's own second factors. */
export function factorsPage(pages: Pages, visit: Visit, own: OwnFactors): Page {
  const { factors, codes, isDemanded, returnTo, alert, status } = own
  const on = `?return_to=${encodeURIComponent(returnTo)}`
  const hasApp = factors.some(({ kind }) => kind === 'totp')
  const mustEnrol = isDemanded && factors.length === 0
  return {
    title: 'Your second factors',
    lead: mustEnrol
      ? 'Everybody who works here needs a second factor. Set one up to go on.'
      : 'What you prove besides the password when you sign in.',
    body: html`${alertOf(alert === undefined ? {} : { alert })}
${
  factors.length > 0 &&
  html`<ul class="apps">
${factors.map((factor) => listed(pages, visit, own, factor))}
${recoveryCodes(pages, visit, own, codes)}
</ul>`
}
<p><a href="${pages.at(APP_PATH)}${on}">${hasApp ? 'Move to another authenticator app' : 'Set up an authenticator app'}</a></p>
${own.mayHavePasskeys && html`<p><a href="${pages.at('/staff/factors/passkey')}${on}">Add a passkey</a></p>`}
${!mustEnrol && html`<p><a href="${pages.at(returnTo)}">Back</a></p>`}`,
    ...(status === undefined ? {} : { status }),
  }
}

function listed(pages: Pages, visit: Visit, own: OwnFactors, factor: EnrolledSecondFactor): Html {
  const { id, name, createdAt, usedAt } = factor
  return html`<li>
<h2>${name}</h2>
<p class="hint">${KINDS[factor.kind]} · added ${day(createdAt)} · last used ${day(usedAt)}</p>
<details>
<summary>Rename or remove<span class="unseen"> ${name}</span></summary>
${form(
  pages,
  visit,
  own,
  RENAME_PATH,
  html`<input type="hidden" name="id" value="${id}">
<div class="field">
<label for="name-${id}">Name</label>
<input id="name-${id}" name="name" required maxlength="${MAX_NAME}" value="${name}">
</div>
<button class="quiet">Rename</button>`,
)}
${form(
  pages,
  visit,
  own,
  REMOVE_PATH,
  html`<input type="hidden" name="id" value="${id}">
<p class="hint">It no longer signs you in. You are signed out everywhere else.</p>
<button class="quiet">Remove<span class="unseen"> ${name}</span></button>`,
)}
</details>
</li>
`
}

function recoveryCodes(pages: Pages, visit: Visit, own: OwnFactors, { left, createdAt }: RecoveryCodesLeft) {
  return html`<li>
<h2>Recovery codes</h2>
<p class="hint">${left} of ${RECOVERY_CODES} left${createdAt !== null && html` · made ${day(createdAt)}`}. Each signs you in once, where a second factor is lost.</p>
${form(pages, visit, own, CODES_PATH, html`<button class="quiet">Make new codes</button>`)}
</li>`
}

const KINDS = { totp: 'Authenticator app', passkey: 'Passkey' } as const

/** A form of the signed-in member. */
function form(pages: Pages, visit: Visit, own: OwnPage, path: string, fields: Html): Html {
  return html`<form method="post" action="${pages.at(path)}">
${ownFields(pages, visit, own)}
${fields}
</form>`
}

/** Hidden fields of each form of the signed-in member. */
export function ownFields(pages: Pages, visit: Visit, { who, returnTo }: OwnPage): Html {
  const { id } = who.session
  return html`${pages.csrfField(visit, aboutFactors(id))}
<input type="hidden" name="session" value="${id}">
<input type="hidden" name="return_to" value="${returnTo}">`
}

export interface AppForm extends OwnPage {
  readonly secret: string
  /** The secret, sealed, for the server itself. */
  readonly enrolment: string
  readonly host: string
  readonly name: string
}

/** Shows the secret of a new authenticator app, and asks for its first code. */
export function appPage(pages: Pages, visit: Visit, shown: AppForm): Page {
  const { who, secret, enrolment, host, name, returnTo, alert, status } = shown
  const { size, path } = qrCodeOf(uriOf(secret, { host, email: who.member.email }))
  return {
    title: 'Set up an authenticator app',
    lead: 'Scan this with an app that makes codes, then enter the code that it shows.',
    body: html`${alertOf(alert === undefined ? {} : { alert })}
<p class="qr"><svg viewBox="0 0 ${size} ${size}" width="220" height="220" role="img" aria-label="QR code for the authenticator app" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}h-${size}z"/><path fill="#000" d="${path}"/></svg></p>
<details>
<summary>You cannot scan it?</summary>
<p>Enter this key in the app: <code>${(secret.match(/.{1,4}/g) ?? []).join(' ')}</code></p>
</details>
${form(
  pages,
  visit,
  shown,
  APP_PATH,
  html`<input type="hidden" name="enrolment" value="${enrolment}">
<div class="field">
<label for="name">Name of the app</label>
<input id="name" name="name" required maxlength="${MAX_NAME}" value="${name}">
</div>
<div class="field">
<label for="code">Code that it shows</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="20" autofocus>
</div>
<button>Set up</button>`,
)}
<p><a href="${pages.at(FACTORS_PATH)}?return_to=${encodeURIComponent(returnTo)}">Cancel</a></p>`,
    ...(status === undefined ? {} : { status }),
  }
}

/** Shows new recovery codes, once. */
export function codesPage(pages: Pages, codes: readonly string[], returnTo: string): Page {
  return {
    title: 'Your recovery codes',
    lead: 'Print them or keep them in a password manager. They are shown only now.',
    body: html`<ol class="codes">
${codes.map(
  (code) => html`<li><code>${code}</code></li>
`,
)}</ol>
<p class="hint">Each signs you in once, together with the password, where your second factor is lost.</p>
<p><a href="${pages.at(returnTo)}">I have stored them</a></p>`,
  }
}

export function factorGone(pages: Pages): Failure {
  return {
    status: 404,
    title: 'This factor is not there',
    message: 'It may have been removed in another window.',
    forDevelopers: html`No second factor of this member has that id.`,
    wayOn: html`<p><a href="${pages.at(FACTORS_PATH)}">Your second factors</a></p>`,
  }
}

function day(at: Date): Html {
  const text = at.toISOString()
  return html`<time datetime="${text}">${text.slice(0, 10)}</time>`
}
