import { addSeconds } from '../../base/clock.ts'
import { hashToken, mintToken } from '../../base/one-time-token.ts'
import { no, type Result, yes } from '../../base/result.ts'
import { type Client, stateOf, whyEnded } from '../../clients/client.ts'
import { matchesRedirectUri } from '../../clients/redirect-uri.ts'
import { html } from '../../pages/html.ts'
import type { Failure } from '../../pages/page.ts'
import type { Answer } from '../../pages/pages.ts'
import { browserHash, type Visit } from '../../pages/visit.ts'
import { readCatalogue } from '../../scopes/catalogue.store.ts'
import { allowRequest } from './answer-request.ts'
import { type AuthorizeParts, withUserFacts } from './authorization-facts.ts'
import { insertRequest } from './authorization-request.store.ts'
import { type AuthorizationRequest, REQUEST_SECONDS } from './authorization-request.ts'
import { responseUrl } from './authorization-response.ts'
import { badLink, CLIENT_GONE, CLIENT_SUSPENDED, TOO_MANY_DOCUMENTS } from './dead-end.page.ts'
import { AUTOMATIC, followStep } from './follow-step.ts'
import { type NextStep, nextStep } from './next-step.ts'
import { type AuthorizationFault, readAuthorizationRequest, stateIn } from './read-authorization-request.ts'

/** A client that exists, and one of its redirect URIs. */
interface Trusted {
  readonly client: Client
  readonly redirectUri: string
}

type Refuse = (fault: AuthorizationFault) => Promise<Answer>

/**
 * Reads an authorization request, stores it, and goes on to the next step. A fault is shown on a page until client and
 * redirect URI are certain (RFC 6749 §4.1.2.1); then it is sent to the client.
 */
export async function beginAuthorization(parts: AuthorizeParts, visit: Visit): Promise<Answer> {
  const { db, issuer, signIn, grantSeconds } = parts
  const { query, now } = visit
  const trusted = await readTrusted(parts, visit)
  if (!trusted.ok) return { failure: trusted.no }
  const { client, redirectUri } = trusted.value
  const target = { redirectUri, state: stateIn(query) }
  const refuse: Refuse = async ({ error, description }) => {
    if (!isOurs(client) && (await signIn.currentUser(visit)) === null)
      return { failure: badLink(html`<code>${error}</code>: ${description}`) }
    return { goTo: responseUrl(target, issuer, { error, error_description: description }) }
  }
  const catalogue = await readCatalogue(db)
  const read = readAuthorizationRequest(query, client, catalogue)
  if (!read.ok) return await refuse(read.no)
  const request: AuthorizationRequest = {
    clientId: client.id,
    redirectUri,
    ...read.value,
    createdAt: now,
    expiresAt: addSeconds(now, REQUEST_SECONDS),
  }
  const token = request.prompt.includes('none') ? null : mintToken('ar').reveal()
  if (token !== null) await insertRequest(db, hashToken(token), browserHash(visit), request)
  const known = { token, request, answered: null, client, catalogue: catalogue.scopes }
  const next = nextStep(await withUserFacts(parts, visit, known), grantSeconds, now)
  return token === null
    ? await answerWithoutPage(parts, visit, next, refuse)
    : await followStep(parts, visit, next, AUTOMATIC)
}

/** Answers `prompt=none` (OpenID Connect Core §3.1.2.1): a code, or an error; never a page. */
async function answerWithoutPage(
  parts: AuthorizeParts,
  visit: Visit,
  next: NextStep,
  refuse: Refuse,
): Promise<Answer> {
  if (next.step === 'sign_in')
    return await refuse({ error: 'login_required', description: 'Nobody is signed in.' })
  const answer =
    next.step === 'prior_consent'
      ? await allowRequest(parts, visit, next.facts, next.consent, AUTOMATIC)
      : null
  return answer === null || 'failure' in answer
    ? await refuse({ error: 'consent_required', description: 'The user has to be asked.' })
    : answer
}

/**
 * An error may be sent to these clients before a user has signed in. All others could use us as an open redirector
 * (RFC 9700 §4.11.2): an app that registers itself, or that nobody at the API provider has looked at yet.
 */
function isOurs(client: Client): boolean {
  return client.source === 'registered' && client.ownerId === null && stateOf(client) === 'live'
}

/** Client and redirect URI: until both are certain, nothing is sent anywhere. */
async function readTrusted(
  { findClient }: AuthorizeParts,
  { query, ip }: Visit,
): Promise<Result<Trusted, Failure>> {
  const [clientId = '', anotherId] = query.getAll('client_id')
  const [redirectUri = '', anotherUri] = query.getAll('redirect_uri')
  if (clientId === '' || anotherId !== undefined)
    return no(badLink(html`<code>client_id</code> is missing, or is sent twice.`))
  const client = await findClient(clientId, ip)
  if (client === 'busy') return no(TOO_MANY_DOCUMENTS)
  if (client === undefined || client.revokedAt !== null) return no(CLIENT_GONE)
  if (whyEnded(client) !== null) return no(CLIENT_SUSPENDED)
  const [onlyUri, secondUri] = client.redirectUris
  // RFC 6749 §3.1.2.3: it can be left out where exactly one is registered.
  if (redirectUri === '' && onlyUri !== undefined && secondUri === undefined)
    return yes({ client, redirectUri: onlyUri })
  if (redirectUri === '' || anotherUri !== undefined)
    return no(
      badLink(html`<code>redirect_uri</code> is missing, or is sent twice. It can be left out where exactly
        one is registered.`),
    )
  // Exact match (RFC 9700 §4.1.3): anything looser has let attackers in.
  if (!matchesRedirectUri(redirectUri, client.redirectUris))
    return no(
      badLink(html`The <code>redirect_uri</code> is not registered for the client. They are compared byte for byte; for a loopback
        address the port may differ.`),
    )
  return yes({ client, redirectUri })
}
