import type { NamedOwner } from '../accounts/accounts.ts'
import type { Client } from '../clients/client.ts'
import { type Html, html } from '../http/html.ts'
import type { Failure, Page } from '../http/page.ts'
import type { Pages } from '../http/pages.ts'
import type { Visit } from '../http/visit.ts'
import { type ConsentQuestion, digestOf, type ScopeChoice } from './consent-question.ts'
import { isNative, placeOf } from './redirect-back.ts'

export const CONSENT_PATH = '/oauth/consent'
/** @param shown digest of what the page asks */
export const aboutConsent = (request: string, shown: string) => `consent ${request} ${shown}`

/** One look at the page. */
interface Shown {
  readonly question: ConsentQuestion
  /** The token of the request. */
  readonly token: string
  /** What was wrong with what was sent before. */
  readonly alert?: string | undefined
}

export function consentPage(pages: Pages, visit: Visit, { question, token, alert }: Shown): Page {
  const { client, redirectUri, who, owners, blockedOwners, choices, allowed } = question
  const form = (body: Html) => formOf(pages, visit, token, digestOf(question), body)
  return {
    title: `Allow ${client.name}?`,
    lead: leadOf(question),
    leadsAway: true,
    ...(alert === undefined ? {} : { status: 422 }),
    body: html`${alert !== undefined && html`<p class="alert" role="alert">${alert}</p>`}
${unknownAuthor(client)}
${form(html`${ownerChoice(owners)}
${notAvailable(blockedOwners)}
<fieldset>
<legend>${allowed.length > 0 ? 'New: it would also' : 'It would'}</legend>
<ul class="choices">
${choices.map(scopeChoice)}
</ul>
</fieldset>
${allowed.length > 0 && html`<p class="hint">You allowed before: ${allowed.map(({ description }) => description).join('; ')}.</p>`}
${where(question)}
<p class="hint">${howLong(pages, question)}</p>
<p class="hint">You go on to ${destination(redirectUri)}.</p>
<div class="pair">
<button name="decision" value="deny">Deny</button>
<button name="decision" value="allow">Allow</button>
</div>`)}
<footer>
<p class="hint">Signed in as <strong>${who.displayName}</strong>${who.email !== null && html` (${who.email})`}.</p>
${form(html`<button name="decision" value="somebody_else" class="link">Not you? Sign in as somebody else</button>`)}
${pageLinks(client)}
</footer>`,
  }
}

/** @param shown digest of the question; empty where none is asked */
function formOf(pages: Pages, visit: Visit, token: string, shown: string, body: Html): Html {
  return html`<form method="post" action="${pages.at(CONSENT_PATH)}">
${pages.formToken(visit, aboutConsent(token, shown))}
<input type="hidden" name="request" value="${token}">
<input type="hidden" name="shown" value="${shown}">
${body}
</form>`
}

/** What cannot be allowed, with a way back: the app hears that it was not, and nobody is left standing here. */
export function deadEnd(
  pages: Pages,
  visit: Visit,
  failure: Failure,
  token: string,
): { readonly failure: Failure } {
  const button = html`<button name="decision" value="back" class="quiet">Back to the app</button>`
  const wayOut = formOf(pages, visit, token, '', button)
  return { failure: { ...failure, wayOut, leadsAway: true } }
}

function where({ resources }: ConsentQuestion): Html | null {
  if (resources.length === 0) return null
  return html`<p class="hint">At ${resources.map((resource, at) => html`${at > 0 && ', '}<strong>${resource}</strong>`)} only.</p>`
}

function howLong(pages: Pages, { offline, grantSeconds }: ConsentQuestion): Html {
  const link = html`<a href="${pages.at('/connected-apps')}">Connected apps</a>`
  if (!offline)
    return html`It gets this access for a short while, and has to come back to you for more. You can take it back under ${link}.`
  const days = grantSeconds === null ? null : Math.ceil(grantSeconds / 86_400)
  const most = days === null ? 'until' : `for ${days === 1 ? 'one day' : `${days} days`} at most, or until`
  return html`It keeps this access while you are away, ${most} you take it back under ${link}.`
}

function leadOf({ client, owners }: ConsentQuestion): Html {
  const [owner] = owners
  const whose =
    owners.length === 1 && owner !== undefined ? html`<strong>${owner.name}</strong>` : 'your data'
  return client.firstParty
    ? html`It asks to reach ${whose}.`
    : html`This app is not ours. It asks to reach ${whose}, and never sees your password.`
}

function destination(redirectUri: string): Html {
  const place = html`<strong>${placeOf(redirectUri)}</strong>`
  return isNative(redirectUri) ? html`the app on this device that opens ${place} addresses` : place
}

/** Whoever can register by themselves can call themselves anything. */
function unknownAuthor(client: Client): Html | null {
  if (client.source === 'registered') return null
  const from = client.id.startsWith('https://')
    ? html`It comes from <strong>${new URL(client.id).host}</strong>.`
    : ''
  return html`<p class="alert">Nobody here has looked at this app; its name is what it calls itself. ${from}
Go on only if you have just started it yourself.</p>`
}

function ownerChoice(owners: readonly NamedOwner[]): Html | null {
  if (owners.length < 2) return null
  return html`<fieldset>
<legend>For which workspace?</legend>
${owners.map(
  ({ id, name }, at) =>
    html`<label class="choice"><input type="radio" name="owner_id" value="${id}" required${at === 0 && html` checked`}> <span>${name}</span></label>
`,
)}
</fieldset>`
}

/** Who looks for a workspace reads why it is not there. */
function notAvailable(owners: readonly NamedOwner[]): Html | null {
  if (owners.length === 0) return null
  return html`<p class="hint">Not available: ${owners.map(
    ({ name }, at) => html`${at > 0 && '; '}<strong>${name}</strong>, blocked by an administrator of ${name}`,
  )}.</p>`
}

function scopeChoice({ name, description, sensitivity, optional }: ScopeChoice): Html {
  const mark = sensitivity === 'basic' ? null : html` <em class="mark-${sensitivity}">${sensitivity}</em>`
  return optional
    ? html`<li><label class="choice"><input type="checkbox" name="scope" value="${name}" checked> <span>${description}${mark}</span></label></li>
`
    : html`<li class="choice needed"><span>${description}${mark} <span class="hint">(it cannot do without)</span></span></li>
`
}

function pageLinks({ clientUri, policyUri, tosUri }: Client): Html | null {
  const links = [
    ['About the app', clientUri],
    ['Its privacy policy', policyUri],
    ['Its terms', tosUri],
  ].flatMap(([text, uri]) =>
    uri == null ? [] : [html`<a href="${uri}" rel="noopener noreferrer">${text}</a> `],
  )
  return links.length === 0 ? null : html`<p class="hint links">${links}</p>`
}

export const REQUEST_OVER: Failure = {
  status: 400,
  title: 'This request is over',
  message:
    'It was answered already, took too long, or began in another browser. Go back to the app and start again.',
  forDevelopers: html`An authorization request is answered once, within 30 minutes, in the browser in which it began.
    Send people to <code>/oauth/authorize</code>, never to an address that was copied from there.`,
}

export const NO_OWNER: Failure = {
  status: 403,
  title: 'There is nothing to connect',
  message: 'You do not belong to any workspace here, so there is no data that this app could reach.',
  forDevelopers: html`The user may act for no owner. Add them with <code>PUT /v1/owners/{id}/members/{user_id}</code>, or name owners
    when your login accepts the challenge.`,
}

/** @param ownerNames all workspaces of the user's: at least one */
export function blockedFor(ownerNames: readonly string[]): Failure {
  const [first, ...others] = ownerNames
  const whose = html`<strong>${first}</strong>${others.map((name) => html`, and of <strong>${name}</strong>`)}`
  return {
    status: 403,
    title: 'This app is blocked',
    message: html`It was blocked by an administrator of ${whose}. Nothing was done. Ask them if you need it.`,
    forDevelopers: html`<code>GET /v1/owners/{id}/blocked-clients</code> says since when and why;
    <code>DELETE /v1/owners/{id}/blocked-clients/{client_id}</code> lets users allow it again.`,
  }
}

export const NOT_TO_BE_ALLOWED: Failure = {
  status: 403,
  title: 'This app cannot be connected',
  message: 'It is not open to you, or was stopped. Nothing was done.',
  forDevelopers: html`The client is a draft and this user is none of its <code>testers</code>, or it, its owner or the
    chosen workspace is suspended, or the redirect URI is not registered any more.`,
}

export const TOO_MANY_DOCUMENTS: Failure = {
  status: 503,
  title: 'Try again in a moment',
  message: 'Too many apps that are new here are being looked at. Nothing was done.',
  forDevelopers: html`Client id metadata documents are read a few at a time, and some twenty in ten minutes for one
    network. One that somebody has allowed already is read in any case.`,
  retryAfterSeconds: 10,
}

export function unknownClient(forDevelopers: Html | string): Failure {
  return {
    status: 400,
    title: 'This app cannot be connected',
    message: 'Its link is not right. Nothing was done. Tell whoever made the app.',
    forDevelopers,
  }
}
