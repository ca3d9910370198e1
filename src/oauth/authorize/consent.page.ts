import type { Client } from '../../clients/client.ts'
import { type Html, html } from '../../pages/html.ts'
import type { Page } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { NamedOwner, SignedInUser } from '../../sessions/person.ts'
import { redirectHost, usesPrivateScheme } from './authorization-response.ts'
import { type Choices, type ConsentQuestion, digestOf, type ScopeChoice } from './consent-question.ts'
import { CONSENT_PATH } from './paths.ts'

/** Binds the form's CSRF token to one request and one question. @param shown digest of what the page asks */
export const aboutConsent = (request: string, shown: string) => `consent ${request} ${shown}`

/** Inputs of the page. */
interface Shown {
  readonly question: ConsentQuestion
  /** Token of the stored request. */
  readonly token: string
  /** The complaint about the form that was sent before, with its choices; null: none was. */
  readonly complaint: { readonly alert: string; readonly chosen: Choices } | null
}

export function consentPage(pages: Pages, visit: Visit, { question, token, complaint }: Shown): Page {
  const { client, redirectUri, user, owners, blockedOwners, choices, allowed } = question
  const shown = digestOf(question)
  return {
    title: `Allow ${client.name}?`,
    lead: leadOf(question),
    leadsAway: true,
    ...(complaint === null ? {} : { status: 422 }),
    body: html`${complaint !== null && html`<p class="alert" role="alert">${complaint.alert}</p>`}
${unknownAuthor(client)}
${formOf(
  pages,
  visit,
  token,
  shown,
  html`${ownerChoice(owners, complaint?.chosen.ownerId ?? null)}
${notAvailable(blockedOwners)}
<fieldset>
<legend>${allowed.length > 0 ? 'New: it will also be able to' : 'It will be able to'}</legend>
<ul class="choices">
${choices.map((choice) => scopeChoice(choice, complaint?.chosen.scopes.has(choice.name) ?? true))}
</ul>
</fieldset>
${allowed.length > 0 && html`<p class="hint">You allowed before: ${allowed.map(({ description }) => description).join('; ')}.</p>`}
${where(question)}
<p class="hint">${howLong(pages, question)}</p>
<p class="hint">You will be sent to ${destination(redirectUri)}.</p>
<div class="pair">
${
  // Enter presses the first button; the style sheet puts it where people look for it.
  html`<button name="decision" value="allow">Allow</button>`
}
<button name="decision" value="deny">Deny</button>
</div>`,
)}
<footer>
${otherUser(pages, visit, token, shown, user)}
${pageLinks(client)}
</footer>`,
  }
}

/** Address of a question. */
export function consentAt(pages: Pages, token: string): string {
  return `${pages.at(CONSENT_PATH)}?${new URLSearchParams({ request: token })}`
}

/** Link to the question as it is now, for a form that is out of date. */
export function reloadLink(pages: Pages, token: string): Html {
  return html`<p><a href="${consentAt(pages, token)}">See it again</a></p>`
}

/** Lets another user sign in. */
export function otherUser(
  pages: Pages,
  visit: Visit,
  token: string,
  shown: string,
  user: SignedInUser,
): Html {
  const button = html`<button name="decision" value="somebody_else" class="link">Not you? Sign in as another user</button>`
  return html`<p class="hint">Signed in as <strong>${user.displayName}</strong>${user.email !== null && html` (${user.email})`}.</p>
${formOf(pages, visit, token, shown, button)}`
}

/** @param shown digest of the question; empty: no question */
export function formOf(pages: Pages, visit: Visit, token: string, shown: string, body: Html): Html {
  return html`<form method="post" action="${pages.at(CONSENT_PATH)}">
${pages.csrfField(visit, aboutConsent(token, shown))}
<input type="hidden" name="request" value="${token}">
<input type="hidden" name="shown" value="${shown}">
${body}
</form>`
}

function where({ resources }: ConsentQuestion): Html | null {
  if (resources.length === 0) return null
  return html`<p class="hint">At ${resources.map((resource, at) => html`${at > 0 && ', '}<strong>${resource}</strong>`)} only.</p>`
}

function howLong(pages: Pages, { offline, grantSeconds }: ConsentQuestion): Html {
  const link = html`<a href="${pages.at('/connected-apps')}">Connected apps</a>`
  if (!offline)
    return html`It gets this access for a short time, and then has to ask you again. You can withdraw it under ${link}.`
  const days = grantSeconds === null ? null : Math.ceil(grantSeconds / 86_400)
  const most = days === null ? 'until' : `for ${days === 1 ? 'one day' : `${days} days`} at most, or until`
  return html`It keeps this access while you are away, ${most} you withdraw it under ${link}.`
}

function leadOf({ client, owners }: ConsentQuestion): Html {
  const [owner] = owners
  const whose =
    owners.length === 1 && owner !== undefined ? html`<strong>${owner.name}</strong>` : 'your data'
  return client.firstParty
    ? html`It asks for access to ${whose}.`
    : html`This app is made by another company. It asks for access to ${whose}, and never sees your password.`
}

export function destination(redirectUri: string): Html {
  const place = html`<strong>${redirectHost(redirectUri)}</strong>`
  return usesPrivateScheme(redirectUri) ? html`the app on this device that opens ${place} addresses` : place
}

/** A client without pre-registration can call itself anything, so its name proves nothing. */
function unknownAuthor(client: Client): Html | null {
  if (client.source === 'registered') return null
  const from = client.id.startsWith('https://')
    ? html`It comes from <strong>${new URL(client.id).host}</strong>.`
    : ''
  return html`<p class="alert">Nobody here has checked this app. It chose its name itself. ${from}
Continue only if you have just started it yourself.</p>`
}

function ownerChoice(owners: readonly NamedOwner[], chosenId: string | null): Html | null {
  if (owners.length < 2) return null
  const chosen = owners.find(({ id }) => id === chosenId) ?? owners[0]
  return html`<fieldset>
<legend>For which workspace?</legend>
${owners.map(
  ({ id, name }) =>
    html`<label class="choice"><input type="radio" name="owner_id" value="${id}" required${id === chosen?.id && html` checked`}> <span>${name}</span></label>
`,
)}
</fieldset>`
}

/** Explains why a workspace cannot be chosen. */
function notAvailable(owners: readonly NamedOwner[]): Html | null {
  if (owners.length === 0) return null
  return html`<p class="hint">Not available: ${owners.map(
    ({ name }, at) => html`${at > 0 && '; '}<strong>${name}</strong>, blocked by an administrator of ${name}`,
  )}.</p>`
}

function scopeChoice(
  { name, description, sensitivity, brings, optional }: ScopeChoice,
  ticked: boolean,
): Html {
  const mark = sensitivity === 'basic' ? null : html` <em class="mark-${sensitivity}">${sensitivity}</em>`
  const withIt = withWhatItBrings(description, brings)
  return optional
    ? html`<li><label class="choice"><input type="checkbox" name="scope" value="${name}"${ticked && html` checked`}> <span>${withIt}${mark}</span></label></li>
`
    : html`<li class="choice needed"><span>${withIt}${mark} <span class="hint">(required)</span></span></li>
`
}

/** A scope's sentence with those of the scopes that it implies: allowing one allows the others. */
function withWhatItBrings(description: string, brings: ScopeChoice['brings']): Html {
  if (brings.length === 0) return html`${description}`
  return html`${description} <span class="hint">(and with it: ${brings.map((each) => each.description).join('; ')})</span>`
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
