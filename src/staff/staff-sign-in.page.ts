import { type Html, html } from '../pages/html.ts'
import type { Failure, Page } from '../pages/page.ts'
import type { Pages } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import { MAX_PASSWORD, MIN_PASSWORD } from '../users/user.ts'
import { ssoAcceptForm, ssoForm } from './sso/sso.page.ts'
import type { SsoOffer } from './sso/sso-offer.ts'
import type { StaffLink } from './staff-link.ts'

/** Purposes of forms, for their CSRF tokens. */
export const ABOUT_SIGN_IN = 'staff sign-in'
export const ABOUT_CONFIRM = 'staff confirm'
export const ABOUT_SIGN_OUT = 'staff sign-out'
export const aboutWelcome = (link: string) => `staff welcome ${link}`

interface PasswordForm {
  readonly returnTo: string
  readonly email: string
  /** The fault of the previous attempt. */
  readonly alert?: string
  readonly status?: number
  readonly retryAfterSeconds?: number
}

interface SignInForm extends PasswordForm {
  readonly sso: SsoOffer
  /** Null where browsers make no passkeys for our address. */
  readonly passkeyLink: string | null
}

export function signInPage(pages: Pages, visit: Visit, form: SignInForm): Page {
  const { returnTo, email, alert, sso, passkeyLink, ...more } = form
  const page = { title: 'Staff sign-in', lead: 'For the people who run this API.', ...more }
  if (sso === 'required') return { ...page, body: ssoForm(pages, visit, returnTo), leadsAway: true }
  return {
    ...page,
    leadsAway: sso === 'offered',
    body: html`${alertOf(alert)}
<form method="post" action="${pages.at('/staff/sign-in')}">
${pages.csrfField(visit, ABOUT_SIGN_IN)}
<input type="hidden" name="return_to" value="${returnTo}">
<div class="field">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${email}"${email === '' && AUTOFOCUS}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${email !== '' && AUTOFOCUS}>
</div>
<button>Sign in</button>
</form>
${passkeyLink !== null && html`<p><a href="${pages.at(passkeyLink)}">Sign in with a passkey</a></p>`}
${sso === 'offered' && ssoForm(pages, visit, returnTo)}`,
  }
}

export function confirmPage(pages: Pages, visit: Visit, form: PasswordForm): Page {
  const { returnTo, email, alert, ...more } = form
  return {
    title: 'Confirm that it is you',
    lead: 'What you are about to do needs it. It counts for 15 minutes.',
    body: html`${alertOf(alert)}
<form method="post" action="${pages.at('/staff/confirm')}">
${pages.csrfField(visit, ABOUT_CONFIRM)}
<input type="hidden" name="return_to" value="${returnTo}">
<div class="field">
<label for="email">E-mail address</label>
<input id="email" type="email" autocomplete="username" readonly value="${email}">
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${AUTOFOCUS}>
</div>
<button>Confirm</button>
</form>
<p><a href="${pages.at(returnTo)}">Cancel</a></p>`,
    ...more,
  }
}

export interface WelcomeForm {
  readonly token: string
  readonly link: StaffLink
  readonly email: string
  readonly name: string
  readonly sso: SsoOffer
  readonly alert?: string
}

const WELCOMES = {
  first: {
    title: 'Welcome to Doorward',
    lead: 'You become the first administrator, and can invite others.',
    button: 'Create my account',
  },
  invitation: {
    title: 'You are invited',
    lead: 'Choose your name and a password.',
    button: 'Create my account',
  },
  password: {
    title: 'Choose a new password',
    lead: 'It signs you out everywhere else.',
    button: 'Set password',
  },
} as const

export function welcomePage(pages: Pages, visit: Visit, form: WelcomeForm): Page {
  const { token, link, email, name, alert, sso } = form
  const { title, lead, button } = WELCOMES[link.kind]
  if (sso === 'required')
    return {
      title,
      lead: `Sign in at your identity provider to accept the invitation of ${email}.`,
      body: html`${alertOf(alert)}${ssoAcceptForm(pages, visit, token)}`,
      leadsAway: true,
      ...(alert === undefined ? {} : { status: 403 }),
    }
  const isNew = link.kind !== 'password'
  return {
    title,
    lead,
    body: html`${alertOf(alert)}
<form method="post" action="${pages.at('/staff/welcome')}">
${pages.csrfField(visit, aboutWelcome(token))}
<input type="hidden" name="link" value="${token}">
<div class="field">
<label for="email">E-mail address</label>
<input id="email" ${link.email === null ? html`name="email" required maxlength="254"${AUTOFOCUS}` : html`readonly`} type="email" autocomplete="username" value="${email}">
</div>
${
  isNew &&
  html`<div class="field">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="name" required maxlength="100" value="${name}"${link.email !== null && AUTOFOCUS}>
</div>`
}
<div class="field">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="${MIN_PASSWORD}" maxlength="${MAX_PASSWORD}" aria-describedby="password-hint"${!isNew && AUTOFOCUS}>
<p class="hint" id="password-hint">At least ${MIN_PASSWORD} characters. A few unrelated words are easy to remember and hard to guess.</p>
</div>
<button>${button}</button>
</form>
${sso === 'offered' && ssoAcceptForm(pages, visit, token)}`,
    leadsAway: sso === 'offered',
    ...(alert === undefined ? {} : { status: 422 }),
  }
}

export function signedOutPage(pages: Pages, visit: Visit, isSignedIn: boolean): Page {
  if (isSignedIn)
    return {
      title: 'You are signed in',
      body: html`<form method="post" action="${pages.at('/staff/sign-out')}">
${pages.csrfField(visit, ABOUT_SIGN_OUT)}
<button class="quiet">Sign out</button>
</form>`,
    }
  return {
    title: 'You are signed out',
    body: html`<p><a href="${pages.at('/staff/sign-in')}">Sign in again</a></p>`,
  }
}

const AUTOFOCUS = html` autofocus`

function alertOf(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<p class="alert" role="alert">${text}</p>`
}

export const SSO_ONLY = 'Passwords are not accepted here.'

export const LINK_OVER: Failure = {
  status: 400,
  title: 'This link no longer works',
  message: 'A link works once and for a limited time. Ask an administrator for a new one.',
  forDevelopers: html`The first link works until there is staff, and for an hour: start the server again for another.
    Invitations work for three days, new passwords for an hour. With the database at hand:
    <code>node src/main.ts staff link EMAIL</code>.`,
  wayOn: html``,
}
