import { type Html, html } from '../pages/html.ts'
import type { Failure, Page } from '../pages/page.ts'
import type { Pages } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import type { SignedInUser } from '../sessions/person.ts'
import { MAX_PASSWORD, MIN_PASSWORD } from '../users/user.ts'

/** Purposes of forms, for their CSRF tokens. */
export const aboutSignIn = (challenge: string) => `sign-in ${challenge}`
export const ABOUT_SIGN_OUT = 'sign-out'
export const aboutPassword = (link: string) => `set-password ${link}`

export interface SignInForm {
  readonly challenge: string
  readonly clientName: string | null
  readonly email: string
  /** The fault of the previous attempt. */
  readonly alert?: string
  readonly status?: number
  readonly retryAfterSeconds?: number
}

export function signInPage(pages: Pages, visit: Visit, form: SignInForm): Page {
  const { challenge, clientName, email, alert, ...more } = form
  return {
    title: 'Sign in',
    ...(clientName === null ? {} : forApp(clientName)),
    body: html`${alertOf(alert)}
<form method="post" action="${pages.at('/sign-in')}">
${pages.csrfField(visit, aboutSignIn(challenge))}
<input type="hidden" name="login_challenge" value="${challenge}">
<div class="field">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${email}"${email === '' && AUTOFOCUS}>
</div>
<div class="field">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${email !== '' && AUTOFOCUS}>
</div>
<button>Sign in</button>
</form>`,
    ...more,
  }
}

/** With prior consent the app is answered at once, so this form itself may lead to the app. */
function forApp(clientName: string): Pick<Page, 'lead' | 'leadsAway'> {
  return {
    lead: html`to continue to <strong>${clientName}</strong>`,
    leadsAway: true,
  }
}

export function signedInPage(pages: Pages, visit: Visit, who: SignedInUser): Page {
  const about = who.email ?? who.owners.map(({ name }) => name).join(', ')
  return {
    title: 'You are signed in',
    body: html`<div class="person">
<span class="initial" aria-hidden="true">${[...who.displayName][0]?.toUpperCase()}</span>
<div><p><strong>${who.displayName}</strong></p>${about !== '' && html`<p class="hint">${about}</p>`}</div>
</div>
<form method="post" action="${pages.at('/sign-out')}">
${pages.csrfField(visit, ABOUT_SIGN_OUT)}
<button class="quiet">Sign out</button>
</form>`,
  }
}

export function signedOutPage(pages: Pages): Page {
  return {
    title: 'You are signed out',
    lead: 'Apps that you have connected stay connected.',
    body: html`<p><a href="${pages.at('/sign-in')}">Sign in again</a></p>`,
  }
}

export function passwordPage(pages: Pages, visit: Visit, link: string, email: string, alert?: string): Page {
  return {
    title: 'Choose a password',
    lead: 'A few unrelated words are easy to remember and hard to guess.',
    body: html`${alertOf(alert)}
<form method="post" action="${pages.at('/set-password')}">
${pages.csrfField(visit, aboutPassword(link))}
<input type="hidden" name="link" value="${link}">
<div class="field">
<label for="email">E-mail address</label>
<input id="email" type="email" autocomplete="username" readonly value="${email}">
</div>
<div class="field">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="${MIN_PASSWORD}" maxlength="${MAX_PASSWORD}" aria-describedby="password-hint"${AUTOFOCUS}>
<p class="hint" id="password-hint">At least ${MIN_PASSWORD} characters. Spaces are welcome.</p>
</div>
<button>Set password</button>
</form>`,
    ...(alert === undefined ? {} : { status: 422 }),
  }
}

export function passwordSetPage(pages: Pages): Page {
  return {
    title: 'Your password is set',
    lead: 'You are signed out everywhere else.',
    body: html`<p><a href="${pages.at('/sign-in')}">Sign in</a></p>`,
  }
}

const AUTOFOCUS = html` autofocus`

function alertOf(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<p class="alert" role="alert">${text}</p>`
}

export const NO_CHALLENGE: Failure = {
  status: 400,
  title: 'This sign-in cannot continue',
  message:
    'It was started in another browser, or too long ago. Nothing was changed. Go back to the app and start again.',
  forDevelopers: html`The login challenge is unknown, or bound to another browser's cookie. Send people to
    <code>/oauth/authorize</code> or <code>/sign-in</code>, never to an address that was copied from there.`,
}

export const CHALLENGE_OVER: Failure = {
  status: 400,
  title: 'This sign-in is over',
  message: 'It was already finished, or took longer than 15 minutes. Go back to the app and start again.',
  forDevelopers:
    'The login challenge of this browser was spent or has expired. Each sign-in starts with a new one.',
}

export const LINK_OVER: Failure = {
  status: 400,
  title: 'This link no longer works',
  message: 'A link works once, within an hour, and only the newest one does. Ask for a new link.',
  forDevelopers: html`Create a new one with <code>POST /v1/users/{id}/password-link</code>.`,
}

export function refusedFailure(reason: string): Failure {
  return {
    status: 403,
    title: 'You were not signed in',
    message: reason,
    forDevelopers:
      'The external login rejected the login challenge for the reason above, or the user is disabled.',
  }
}

/** The same for a user who came from an app, with a link back. */
export function refusedPage(
  pages: Pages,
  reason: string,
  { refusedTo, clientName }: { readonly refusedTo: string; readonly clientName: string | null },
): Page {
  return {
    title: 'You were not signed in',
    lead: reason,
    body: html`<p><a href="${pages.at(refusedTo)}">Back to ${clientName ?? 'the app'}</a></p>`,
    status: 403,
  }
}
