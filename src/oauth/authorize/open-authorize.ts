import { addSeconds } from '../../base/clock.ts'
import { hashToken, mintToken } from '../../base/one-time-token.ts'
import { type Client, stateOf, whyEnded } from '../../clients/client.ts'
import { matchesRedirectUri } from '../../clients/redirect-uri.ts'
import { html } from '../../pages/html.ts'
import type { Failure } from '../../pages/page.ts'
import type { Answer } from '../../pages/pages.ts'
import { browserHash, type Visit } from '../../pages/visit.ts'
import { readCatalogue } from '../../scopes/catalogue.store.ts'
import { ask, decide, refuseSignIn } from './answer-question.ts'
import { insertRequest } from './authorization-request.store.ts'
import { type AuthorizationRequest, REQUEST_SECONDS, wantsFreshSignIn } from './authorization-request.ts'
import { responseUrl } from './authorization-response.ts'
import { aboutConsent, CONSENT_PATH, reloadLink } from './consent.page.ts'
import { APP_GONE, APP_STOPPED, badLink, TOO_MANY_DOCUMENTS } from './dead-end.page.ts'
import { type AuthorizeParts, keepYes, REFUSED_PATH } from './keep-answer.ts'
import { silentYes } from './prior-consent.ts'
import {
  type AuthorizationFault,
  MAX_SCOPES,
  readAuthorizationRequest,
  stateIn,
} from './read-authorization-request.ts'

/** What the page shows, its own form can send: each scope by a name of at most 97 characters, and the hidden fields. */
const FORM_BYTES = 4096 + MAX_SCOPES * 128

export const AUTHORIZE_PATH = '/oauth/authorize'

/**
 * The authorization endpoint and the consent page (RFC 6749 §4.1.1, §4.1.2). What was asked for is kept here between
 * them; the browser carries a token for it, and no more.
 */
export function openAuthorize(parts: AuthorizeParts): void {
  const { pages } = parts
  const onTheWay = { keepsOpener: true }
  pages.get(AUTHORIZE_PATH, (visit) => begin(parts, visit), { ...onTheWay, storesRow: true })
  // OpenID Connect Core 3.1.2.1 has clients send it by POST too (RFC 6749 §3.1: MAY).
  pages.postAsGet(AUTHORIZE_PATH, onTheWay)
  pages.get(CONSENT_PATH, (visit) => ask(parts, visit, visit.query.get('request') ?? ''), onTheWay)
  pages.post(
    CONSENT_PATH,
    (fields) => aboutConsent(fields.get('request') ?? '', fields.get('shown') ?? ''),
    (visit, fields) => decide(parts, visit, fields),
    {
      ...onTheWay,
      maxFormBytes: FORM_BYTES,
      wayOnFrom: (fields) => reloadLink(pages, fields.get('request') ?? ''),
    },
  )
  pages.get(REFUSED_PATH, (visit) => refuseSignIn(parts, visit, visit.query.get('request') ?? ''), onTheWay)
}

/** Reads what an app asks, keeps it, and goes on to the question. Faults go to a page until it is certain whose they are. */
async function begin(parts: AuthorizeParts, visit: Visit): Promise<Answer> {
  const { db, issuer, signIn } = parts
  const { query, now } = visit
  const trusted = await trustedAsker(parts, visit)
  if ('failure' in trusted) return trusted
  const { client, redirectUri } = trusted
  const back = { redirectUri, state: stateIn(query) }
  const refused = async (fault: AuthorizationFault): Promise<Answer> => {
    if (!isOurs(client) && (await signIn.currentUser(visit)) === null)
      return { failure: badLink(html`<code>${fault.error}</code>: ${fault.description}`) }
    return { goTo: responseUrl(back, issuer, { error: fault.error, error_description: fault.description }) }
  }
  const asked = readAuthorizationRequest(query, client, await readCatalogue(db))
  if (!asked.ok) return await refused(asked.no)
  const request: AuthorizationRequest = {
    clientId: client.id,
    redirectUri,
    ...asked.value,
    createdAt: now,
    expiresAt: addSeconds(now, REQUEST_SECONDS),
  }
  if (!request.prompt.includes('none')) {
    const token = mintToken('ar').reveal()
    await insertRequest(db, hashToken(token), browserHash(visit), request)
    return await ask(parts, visit, token)
  }
  const who = await signIn.currentUser(visit)
  if (who === null || wantsFreshSignIn(request, who.authenticatedAt))
    return await refused({ error: 'login_required', description: 'Nobody is signed in.' })
  const silent = await silentYes(db, client, request, who, now)
  const answer = silent === null ? null : await keepYes(parts, visit, request, silent, null)
  if (answer === null || 'failure' in answer)
    return await refused({ error: 'consent_required', description: 'The user has to be asked.' })
  return answer
}

/**
 * Whether an error may be sent to it before anybody has signed in. Whoever registers an app by themselves, or without
 * anybody having looked at it yet, must not lead strangers around the web by our name (RFC 9700 §4.11.2).
 */
function isOurs(client: Client): boolean {
  return client.source === 'registered' && client.ownerId === null && stateOf(client) === 'live'
}

/** Who asks, and where the answer may go: until both are certain, nothing is sent anywhere. */
async function trustedAsker(
  { findClient }: AuthorizeParts,
  { query, ip }: Visit,
): Promise<{ readonly client: Client; readonly redirectUri: string } | { readonly failure: Failure }> {
  const [clientId = '', anotherId] = query.getAll('client_id')
  const [redirectUri = '', anotherUri] = query.getAll('redirect_uri')
  if (clientId === '' || anotherId !== undefined)
    return { failure: badLink(html`<code>client_id</code> is missing, or stands there twice.`) }
  const client = await findClient(clientId, ip)
  if (client === 'busy') return { failure: TOO_MANY_DOCUMENTS }
  if (client === undefined || client.revokedAt !== null) return { failure: APP_GONE }
  if (whyEnded(client) !== null) return { failure: APP_STOPPED }
  const [onlyUri, secondUri] = client.redirectUris
  // RFC 6749 §3.1.2.3: it can be left out where exactly one is registered.
  if (redirectUri === '' && onlyUri !== undefined && secondUri === undefined)
    return { client, redirectUri: onlyUri }
  if (redirectUri === '' || anotherUri !== undefined)
    return {
      failure:
        badLink(html`<code>redirect_uri</code> is missing, or stands there twice. It can be left out where exactly
        one is registered.`),
    }
  if (!matchesRedirectUri(redirectUri, client.redirectUris))
    return {
      failure: badLink(
        html`The <code>redirect_uri</code> is none of the client's. They are compared byte for byte; for a loopback
          address the port may differ.`,
      ),
    }
  return { client, redirectUri }
}
