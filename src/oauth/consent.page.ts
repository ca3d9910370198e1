import type { NamedOwner, SignedIn } from '../accounts/accounts.ts'
import type { Client } from '../clients/client.ts'
import { type Html, html } from '../http/html.ts'
import type { Failure, Page } from '../http/page.ts'
import type { Pages } from '../http/pages.ts'
import type { Visit } from '../http/visit.ts'
import type { Sensitivity } from '../scopes/scope.ts'
import { formActionOf, isNative, placeOf } from './redirect-back.ts'

export const CONSENT_PATH = '/oauth/consent'
export const aboutConsent = (request: string) => `consent ${request}`

/** A scope as the user decides on it. */
export interface ScopeChoice {
  readonly name: string
  /** A sentence for people. */
  readonly description: string
  readonly sensitivity: Sensitivity
  /** Whether it can be left out. */
  readonly optional: boolean
}

export interface ConsentQuestion {
  /** The token of the request. */
  readonly token: string
  readonly client: Client
  readonly redirectUri: string
  readonly who: SignedIn
  /** For whom the user may say yes: at least one. */
  readonly owners: readonly NamedOwner[]
  /** What is to be decided. */
  readonly choices: readonly ScopeChoice[]
  /** What the user allowed before, and is not asked again. */
  readonly allowed: readonly { readonly name: string; readonly description: string }[]
  /** Whether the app can come back by itself while the user is away. */
  readonly offline: boolean
  /** What was wrong with what was sent before. */
  readonly alert?: string
}

export function consentPage(pages: Pages, visit: Visit, question: ConsentQuestion): Page {
  const { token, client, redirectUri, who, owners, choices, allowed, offline, alert } = question
  return {
    title: `Allow ${client.name}?`,
    lead: leadOf(question),
    formAction: formActionOf(redirectUri),
    ...(alert === undefined ? {} : { status: 422 }),
    body: html`${alert !== undefined && html`<p class="alert" role="alert">${alert}</p>`}
${unknownAuthor(client)}
<form method="post" action="${pages.at(CONSENT_PATH)}">
${pages.formToken(visit, aboutConsent(token))}
<input type="hidden" name="request" value="${token}">
${ownerChoice(owners)}
<fieldset>
<legend>${allowed.length > 0 ? 'New: it would also' : 'It would'}</legend>
<ul class="choices">
${choices.map(scopeChoice)}
</ul>
</fieldset>
${allowed.length > 0 && html`<p class="hint">You allowed before: ${allowed.map(({ description }) => description).join('; ')}.</p>`}
${
  offline &&
  html`<p class="hint">It keeps this access while you are away, until you take it back under
<a href="${pages.at('/connected-apps')}">Connected apps</a>.</p>`
}
<p class="hint">You go on to ${destination(redirectUri)}.</p>
<div class="pair">
<button name="decision" value="deny" class="quiet">Deny</button>
<button name="decision" value="allow">Allow</button>
</div>
</form>
<footer>
<p class="hint">Signed in as <strong>${who.displayName}</strong>${who.email !== null && html` (${who.email})`}.</p>
${pageLinks(client)}
</footer>`,
  }
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
  return links.length === 0 ? null : html`<p class="hint">${links}</p>`
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

export const NOT_TO_BE_ALLOWED: Failure = {
  status: 403,
  title: 'This app cannot be connected',
  message: 'It is not open to you, or was stopped. Nothing was done.',
  forDevelopers: html`The client is a draft and this user is none of its <code>testers</code>, or it, its owner or the
    chosen workspace is suspended, or the redirect URI is not registered any more.`,
}

export function unknownClient(forDevelopers: Html | string): Failure {
  return {
    status: 400,
    title: 'This app cannot be connected',
    message: 'Its link is not right. Nothing was done. Tell whoever made the app.',
    forDevelopers,
  }
}
