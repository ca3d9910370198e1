import { type Html, html } from '../../pages/html.ts'
import type { Failure } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { SignedInUser } from '../../sessions/person.ts'
import { CONNECTED_APPS_PATH } from '../connected-apps/connected-apps.page.ts'
import { responseUrl } from './authorization-response.ts'
import { destination, formOf, otherUser } from './consent.page.ts'
import type { Closed, Refused } from './next-step.ts'

/** Says why this user cannot allow the app, with two ways on: back to the app, and signing in as another user. */
export function deadEndPage(
  pages: Pages,
  visit: Visit,
  failure: Failure,
  { token, user }: { readonly token: string; readonly user: SignedInUser },
): { readonly failure: Failure } {
  const button = html`<button name="decision" value="back" class="quiet">Back to the app</button>`
  const wayOn = html`${formOf(pages, visit, token, '', button)}
<footer>
${otherUser(pages, visit, token, '', user)}
</footer>`
  return { failure: { ...failure, wayOn, leadsAway: true } }
}

export function failureOf(end: Refused): Failure {
  switch (end.why) {
    case 'not_open_to_user':
      return NOT_OPEN_TO_USER
    case 'no_owner':
      return NO_OWNER
    case 'blocked':
      return blockedFor(end.owners.map(({ name }) => name))
  }
}

/** Says why a request is closed, with a way on. */
export function closedPage(pages: Pages, issuer: string, end: Closed): { readonly failure: Failure } {
  const apps = html`<p><a href="${pages.at(CONNECTED_APPS_PATH)}">Connected apps</a></p>`
  switch (end.why) {
    case 'client_suspended':
      return { failure: { ...CLIENT_SUSPENDED, wayOn: apps } }
    case 'client_gone':
      return { failure: { ...CLIENT_GONE, wayOn: apps } }
    case 'redirect_uri_removed':
      return { failure: { ...REDIRECT_URI_REMOVED, wayOn: apps } }
    case 'busy':
      return { failure: TOO_MANY_DOCUMENTS }
    case 'unknown':
      return { failure: { ...OVER, message: UNKNOWN, wayOn: apps } }
    case 'expired':
    case 'answered': {
      const { request } = end
      const back = responseUrl(request, issuer, { error: 'access_denied', error_description: LATE })
      const wayOn = html`<p><a href="${back}">Back to the app</a></p>
<p class="hint">This leads to ${destination(request.redirectUri)}.</p>
${apps}`
      const message = end.why === 'answered' ? answeredAs(end) : TOO_LATE
      return { failure: { ...OVER, message, wayOn } }
    }
  }
}

const LATE = 'The request was answered before, or took too long. Start again.'

function answeredAs({ client, answered }: Extract<Closed, { why: 'answered' }>): Html {
  const app = html`<strong>${client.name}</strong>`
  return answered.decision === 'allow'
    ? html`You have allowed ${app} already. To allow it again, start again in the app.`
    : html`You have not allowed ${app}. To allow it, start again in the app.`
}

const UNKNOWN = 'It took too long, or began in another browser. Go back to the app and start again.'
const TOO_LATE = 'It took longer than half an hour. Go back to the app and start again.'

const OVER = {
  status: 400,
  title: 'This request is over',
  forDevelopers: html`An authorization request is answered once, within 30 minutes, in the browser in which it began.
    Send people to <code>/oauth/authorize</code>, never to an address that was copied from there.`,
}

export const CLIENT_SUSPENDED: Failure = {
  status: 400,
  title: 'This app is stopped',
  message:
    'It cannot connect at the moment. Nothing was changed. Try again later, or ask the maker of the app.',
  forDevelopers: 'The client or its owner is suspended.',
}

/** An app has kept a client id that no longer exists. Its user can mend that. */
export const CLIENT_GONE: Failure = {
  status: 400,
  title: 'This app is not known here',
  message:
    'Nothing was changed. If you have connected it before, remove the connection in the app and add it again.',
  forDevelopers: html`There is no client with this <code>client_id</code>: it was revoked, or deleted because it was never used, or its document cannot be read. An app that registers itself registers again when the token endpoint answers
    <code>invalid_client</code>.`,
}

const REDIRECT_URI_REMOVED: Failure = {
  status: 400,
  title: 'This app cannot be connected',
  message:
    'The address that it wants to return to is no longer registered for it. Nothing was changed. Start again in the app.',
  forDevelopers: html`The <code>redirect_uri</code> of the request was removed from the client meanwhile.`,
}

const NO_OWNER: Failure = {
  status: 403,
  title: 'There is nothing to connect',
  message: 'You do not belong to any workspace here, so there is no data for this app.',
  forDevelopers: html`The user may act for no owner. Add them with <code>PUT /v1/owners/{id}/members/{user_id}</code>, or name owners
    when your login accepts the challenge.`,
}

/** @param ownerNames all of the user's workspaces: at least one */
export function blockedFor(ownerNames: readonly string[]): Failure {
  const [first, ...others] = ownerNames
  const whose = html`<strong>${first}</strong>${others.map((name) => html`, and of <strong>${name}</strong>`)}`
  return {
    status: 403,
    title: 'This app is blocked',
    message: html`It was blocked by an administrator of ${whose}. Nothing was changed. Ask them if you need it.`,
    forDevelopers: html`<code>GET /v1/owners/{id}/blocked-clients</code> tells since when and why.
    <code>DELETE /v1/owners/{id}/blocked-clients/{client_id}</code> lets users allow it again.`,
  }
}

export const NOT_OPEN_TO_USER: Failure = {
  status: 403,
  title: 'This app cannot be connected',
  message: 'It is not open to you, or was stopped. Nothing was changed.',
  forDevelopers: html`The client is a draft and this user is not one of its <code>testers</code>, or it, its owner or the
    chosen workspace is suspended, or the redirect URI is no longer registered.`,
}

export const TOO_MANY_DOCUMENTS: Failure = {
  status: 503,
  title: 'Try again in a moment',
  message: 'Too many new apps are connecting at this moment. Nothing was changed.',
  forDevelopers: html`Client id metadata documents are fetched a few at a time, and twenty in ten minutes for one network. The document of an app that a user has already allowed is always fetched.`,
  retryAfterSeconds: 10,
}

export function badLink(forDevelopers: Html | string): Failure {
  return {
    status: 400,
    title: 'This app cannot be connected',
    message: 'Its link is not right. Nothing was changed. Tell the maker of the app.',
    forDevelopers,
  }
}
