import { type Html, html } from '../../pages/html.ts'
import type { Page } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'

/** Purposes of the forms that begin a sign-in at the provider, for their CSRF tokens. */
export const ABOUT_SSO = 'staff single sign-on'
export const ABOUT_SSO_CONFIRM = 'staff single sign-on: confirm'
export const ABOUT_SSO_CONNECT = 'staff single sign-on: connect'
export const aboutSsoAccept = (link: string) => `staff single sign-on: accept ${link}`

/** The form with which a sign-in by single sign-on begins. Its page leads away. */
export function ssoForm(pages: Pages, visit: Visit, returnTo: string): Html {
  return startForm(pages, visit, {
    path: '/staff/sso',
    about: ABOUT_SSO,
    fields: { return_to: returnTo },
    button: 'Sign in with single sign-on',
  })
}

/** The form with which an invitation is accepted by single sign-on. */
export function ssoAcceptForm(pages: Pages, visit: Visit, link: string): Html {
  return startForm(pages, visit, {
    path: '/staff/sso/accept',
    about: aboutSsoAccept(link),
    fields: { link },
    button: 'Accept with single sign-on',
  })
}

export function ssoConfirmPage(
  pages: Pages,
  visit: Visit,
  { returnTo, hasPassword }: { readonly returnTo: string; readonly hasPassword: boolean },
): Page {
  const withPassword = pages.at(`/staff/confirm?with=password&return_to=${encodeURIComponent(returnTo)}`)
  return {
    title: 'Confirm that it is you',
    lead: 'Sign in again at your identity provider. It counts for 15 minutes.',
    body: html`${startForm(pages, visit, {
      path: '/staff/sso/confirm',
      about: ABOUT_SSO_CONFIRM,
      fields: { return_to: returnTo },
      button: 'Confirm with single sign-on',
    })}
${hasPassword && html`<p><a href="${withPassword}">Confirm with your password</a></p>`}
<p><a href="${pages.at(returnTo)}">Cancel</a></p>`,
    leadsAway: true,
  }
}

export interface OwnConnection {
  /** Null: there is no provider. */
  readonly issuer: string | null
  readonly isConnected: boolean
  /** True for members whose success counts as the test. */
  readonly isTester: boolean
}

export function ownConnectionPage(pages: Pages, visit: Visit, own: OwnConnection): Page {
  const { issuer, isConnected, isTester } = own
  const back = html`<p><a href="${pages.at('/dashboard')}">Back to the dashboard</a></p>`
  if (issuer === null)
    return { title: 'Single sign-on', lead: 'There is no identity provider here yet.', body: back }
  const state = isConnected
    ? html`Your account is connected to <strong>${hostOf(issuer)}</strong>.`
    : html`Your account is not connected to <strong>${hostOf(issuer)}</strong> yet.`
  const about = isTester ? html`<p>You sign in there again. A success counts as the test.</p>` : null
  return {
    title: 'Single sign-on',
    lead: state,
    body: html`${about}${
      (isTester || !isConnected) &&
      startForm(pages, visit, {
        path: '/staff/sso/connect',
        about: ABOUT_SSO_CONNECT,
        fields: {},
        button: isConnected ? 'Test the sign-in' : 'Connect my account',
      })
    }
${back}`,
    leadsAway: true,
  }
}

export function connectedPage(pages: Pages, { statesAuthTime }: { readonly statesAuthTime: boolean }): Page {
  return {
    title: 'Single sign-on works',
    lead: 'Your account is connected.',
    body: html`${
      !statesAuthTime &&
      html`<p>Your identity provider does not say when you signed in. It lets you in, and cannot confirm dangerous
operations: for these you need a password or a second factor here.</p>`
    }
<p><a href="${pages.at('/dashboard')}">Go to the dashboard</a></p>`,
  }
}

/**
 * The page between the provider and a page of ours that needs the cookie: browsers do not send a strict one with a
 * redirect that another site began.
 */
export function continuePage(path: string): Page {
  return {
    title: 'Signed in at your identity provider',
    body: html`<p><a href="${path}">Continue</a></p>`,
  }
}

interface StartForm {
  readonly path: string
  readonly about: string
  readonly fields: Readonly<Record<string, string>>
  readonly button: string
}

function startForm(pages: Pages, visit: Visit, { path, about, fields, button }: StartForm): Html {
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  return html`<form method="post" action="${pages.at(path)}">
${pages.csrfField(visit, about)}
${hidden}
<button class="quiet">${button}</button>
</form>`
}

function hostOf(issuer: string): string {
  return URL.parse(issuer)?.host ?? issuer
}
