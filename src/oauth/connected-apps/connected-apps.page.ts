import { type Html, html } from '../../pages/html.ts'
import type { Failure, Page } from '../../pages/page.ts'
import type { Pages } from '../../pages/pages.ts'
import type { Visit } from '../../pages/visit.ts'
import type { NamedGrant } from '../grants/grant.ts'

export const CONNECTED_APPS_PATH = '/connected-apps'
/** The same as JSON, for the API provider's own pages in the same session. */
export const CONNECTED_APPS_DATA_PATH = '/connected-apps.json'
export const aboutApp = (grantId: string) => `connected app ${grantId}`

export interface ShownApp {
  readonly grant: NamedGrant
  readonly ownerName: string
  readonly scopes: readonly { readonly name: string; readonly description: string }[]
}

export function connectedAppsPage(pages: Pages, apps: readonly ShownApp[]): Page {
  return {
    title: 'Connected apps',
    lead: apps.length === 0 ? 'You have not connected any apps.' : 'These apps may act for you.',
    body: html`<ul class="apps">
${apps.map((app) => listed(pages, app))}
</ul>
<p class="hint"><a href="${pages.at('/sign-in')}">Sign out</a></p>`,
  }
}

function listed(pages: Pages, { grant, ownerName, scopes }: ShownApp): Html {
  return html`<li>
<h2>${grant.clientName}</h2>
<p>for <strong>${ownerName}</strong></p>
<ul>${scopes.map(({ description }) => html`<li>${description}</li>`)}</ul>
${grant.isClientStopped && html`<p class="alert">${SUSPENDED}</p>`}
<p class="hint">Connected ${day(grant.createdAt)} · ${
    grant.lastUsedAt === null ? 'not used yet' : html`last used ${day(grant.lastUsedAt)}`
  }</p>
<p><a href="${pages.at(CONNECTED_APPS_PATH)}?app=${grant.id}">Change or remove<span class="unseen"> ${grant.clientName}, ${ownerName}</span></a></p>
</li>
`
}

const SUSPENDED =
  'This app is stopped and can do nothing here at the moment. If it is resumed, it may do this again.'

/** The page of one app: its scopes, and two ways to withdraw access. @param leadsAway see `SignIn.leadsAway` */
export function connectedAppPage(
  pages: Pages,
  visit: Visit,
  { grant, ownerName, scopes }: ShownApp,
  leadsAway: boolean,
): Page {
  const form = (body: Html) => html`<form method="post" action="${pages.at(CONNECTED_APPS_PATH)}">
${pages.csrfField(visit, aboutApp(grant.id))}
<input type="hidden" name="app" value="${grant.id}">
${body}
</form>`
  return {
    title: grant.clientName,
    lead: html`may act for you in <strong>${ownerName}</strong> since ${day(grant.createdAt)}.`,
    leadsAway,
    body: html`${grant.isClientStopped && html`<p class="alert">${SUSPENDED}</p>`}${
      scopes.length > 1 &&
      form(html`<fieldset>
<legend>It may</legend>
<ul class="choices">
${scopes.map(
  ({ name, description }) =>
    html`<li><label class="choice"><input type="checkbox" name="scope" value="${name}" checked> <span>${description}</span></label></li>
`,
)}
</ul>
</fieldset>
<button name="decision" value="reduce" class="quiet">Keep only what is ticked</button>`)
    }
${scopes.length <= 1 && html`<p>It may: ${scopes.map(({ description }) => description).join('; ')}.</p>`}
${form(html`<p>When you remove it, ${grant.clientName} loses access at once. What it does for ${ownerName} stops working until you
connect it again. It keeps what it has already copied.</p>
<button name="decision" value="remove">Remove ${grant.clientName}</button>`)}
<p class="hint"><a href="${pages.at(CONNECTED_APPS_PATH)}">All connected apps</a></p>`,
  }
}

function day(at: Date): Html {
  const iso = at.toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)}</time>`
}

export const NOTHING_SAID: Failure = {
  status: 422,
  title: 'Nothing was chosen',
  message: 'Nothing was changed. Go back and choose what to do with the app.',
  forDevelopers: html`<code>decision</code> is <code>remove</code> or <code>reduce</code>.`,
}

export const NO_SUCH_APP: Failure = {
  status: 404,
  title: 'App not found',
  message: 'It is not connected. Nothing was changed.',
  forDevelopers: 'The user has no active grant with this id.',
}
