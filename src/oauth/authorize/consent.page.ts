import type { Client } from '../../clients/client.ts'
import { type Html, html } from '../../pages/html.ts'
import type { Page } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { NamedOwner, SignedInUser } from '../../sessions/person.ts'
import { redirectHost, usesPrivateScheme } from './authorization-response.ts'
import { type Choices, type ConsentQuestion, digestOf, type ScopeChoice } from './consent-question.ts'
import { CONSENT_PATH } from './paths.ts'

/** @param shown digest of what the page asks */
export const aboutConsent = (request: string, shown: string) => `consent ${request} ${shown}`

/** One look at the page. */
interface Shown {
  readonly question: ConsentQuestion
  /** The token of the request. */
  readonly token: string
  /** What was wrong with what was sent before, and what was chosen there; null: nothing was sent. */
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
<p class="hint">You go on to ${destination(redirectUri)}.</p>
<div class="pair">
${
  // The first one is what Enter presses; the style sheet puts it where people look for it.
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

/** A way on from a form that is out of date: the question as it is now. */
export function reloadLink(pages: Pages, token: string): Html {
  const query = new URLSearchParams({ request: token })
  return html`<p><a href="${pages.at(CONSENT_PATH)}?${query.toString()}">Look at it again</a></p>`
}

/** A way on for who is signed in with the wrong account. */
export function otherUser(
  pages: Pages,
  visit: Visit,
  token: string,
  shown: string,
  user: SignedInUser,
): Html {
  const button = html`<button name="decision" value="somebody_else" class="link">Not you? Sign in as somebody else</button>`
  return html`<p class="hint">Signed in as <strong>${user.displayName}</strong>${user.email !== null && html` (${user.email})`}.</p>
${formOf(pages, visit, token, shown, button)}`
}

/** @param shown digest of the question; empty where none is asked */
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
    : html`This app is made by another company. It asks to reach ${whose}, and never sees your password.`
}

export function destination(redirectUri: string): Html {
  const place = html`<strong>${redirectHost(redirectUri)}</strong>`
  return usesPrivateScheme(redirectUri) ? html`the app on this device that opens ${place} addresses` : place
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

/** Who looks for a workspace reads why it is not there. */
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

/** A sentence, and those of all that comes with it: to allow the one is to allow the others. */
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
