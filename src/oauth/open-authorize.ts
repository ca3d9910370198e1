import type { Accounts, NamedOwner, SignedIn, SignInWish } from '../accounts/accounts.ts'
import { recordDone } from '../audit/audit-event.store.ts'
import { originOfVisit } from '../audit/visit-origin.ts'
import { addSeconds } from '../base/clock.ts'
import { hashToken, isToken, mintToken } from '../base/one-time-token.ts'
import { no } from '../base/result.ts'
import { type Client, stateOf, whyEnded, whyNotAuthorize } from '../clients/client.ts'
import { matchesRedirectUri } from '../clients/redirect-uri.ts'
import type { Db } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import { html } from '../http/html.ts'
import type { Failure } from '../http/page.ts'
import type { Answer, Pages } from '../http/pages.ts'
import { browserHash, type Visit } from '../http/visit.ts'
import { silentYes } from './allowed-before.ts'
import { answerRequest, findRequest, insertRequest } from './authorization-request.store.ts'
import {
  type AuthorizationRequest,
  caresWhenSignedIn,
  REQUEST_SECONDS,
  wantsFreshSignIn,
} from './authorization-request.ts'
import { readCatalogue } from './catalogue.store.ts'
import {
  aboutConsent,
  blockedFor,
  CONSENT_PATH,
  consentPage,
  deadEnd,
  NO_OWNER,
  NOT_TO_BE_ALLOWED,
  REQUEST_OVER,
  TOO_MANY_DOCUMENTS,
  unknownClient,
} from './consent.page.ts'
import { consent, type Yes } from './consent.ts'
import { chosenOwner, digestOf, questionOf, yesTo } from './consent-question.ts'
import { type AuthorizationFault, readAuthorization, stateIn } from './read-authorization.ts'
import { redirectBack } from './redirect-back.ts'

export interface AuthorizeParts {
  readonly db: Db
  readonly pages: Pages
  readonly accounts: Accounts
  readonly issuer: string
  readonly brand: string | null
  readonly grantSeconds: number | null
  /**
   * Any client that may ask, registered or not; undefined where there is none.
   *
   * @param ip on whose behalf: what a stranger can have us read is bounded, and then the answer is `busy`
   */
  readonly findClient: (id: string, ip: string | null) => Promise<Client | 'busy' | undefined>
  /** Called once a change is committed, and awaited. */
  readonly onChanged: () => Promise<void>
}

export const AUTHORIZE_PATH = '/oauth/authorize'
const REFUSED_PATH = '/oauth/refused'

/**
 * The authorization endpoint and the consent page (RFC 6749 §4.1.1, §4.1.2). What was asked for is kept here between
 * them; the browser carries a token for it, and no more.
 */
export function openAuthorize(parts: AuthorizeParts): void {
  const { pages } = parts
  const onTheWay = { keepsOpener: true }
  pages.get(AUTHORIZE_PATH, (visit) => begin(parts, visit), onTheWay)
  // OpenID Connect Core 3.1.2.1 has clients send it by POST too (RFC 6749 §3.1: MAY).
  pages.postAsGet(AUTHORIZE_PATH, onTheWay)
  pages.get(CONSENT_PATH, (visit) => ask(parts, visit, visit.query.get('request') ?? ''), onTheWay)
  pages.post(
    CONSENT_PATH,
    (fields) => aboutConsent(fields.get('request') ?? '', fields.get('shown') ?? ''),
    (visit, fields) => decide(parts, visit, fields),
    onTheWay,
  )
  pages.get(REFUSED_PATH, (visit) => refuseSignIn(parts, visit, visit.query.get('request') ?? ''), onTheWay)
}

/** Reads what an app asks, keeps it, and goes on to the question. Faults go to a page until it is certain whose they are. */
async function begin(parts: AuthorizeParts, visit: Visit): Promise<Answer> {
  const { db, issuer, accounts } = parts
  const { query, now } = visit
  const trusted = await trustedAsker(parts, visit)
  if ('failure' in trusted) return trusted
  const { client, redirectUri } = trusted
  const back = { redirectUri, state: stateIn(query) }
  const refused = async (fault: AuthorizationFault): Promise<Answer> => {
    if (!isOurs(client) && (await accounts.signedIn(visit)) === null)
      return { failure: unknownClient(html`<code>${fault.error}</code>: ${fault.description}`) }
    return { goTo: redirectBack(back, issuer, { error: fault.error, error_description: fault.description }) }
  }
  const asked = readAuthorization(query, client, await readCatalogue(db))
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
  const who = await accounts.signedIn(visit)
  if (who === null || wantsFreshSignIn(request, who.authenticatedAt))
    return await refused({ error: 'login_required', description: 'Nobody is signed in.' })
  const silent = await silentYes(db, client, request, who, now)
  const answer = silent === null ? null : await answerYes(parts, visit, request, silent, null)
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
    return { failure: unknownClient(html`<code>client_id</code> is missing, or stands there twice.`) }
  const client = await findClient(clientId, ip)
  if (client === 'busy') return { failure: TOO_MANY_DOCUMENTS }
  if (client === undefined || whyEnded(client) !== null)
    return { failure: unknownClient(html`No client with this <code>client_id</code> may ask here.`) }
  if (redirectUri === '' || anotherUri !== undefined)
    return { failure: unknownClient(html`<code>redirect_uri</code> is missing, or stands there twice.`) }
  if (!matchesRedirectUri(redirectUri, client.redirectUris))
    return {
      failure: unknownClient(
        html`The <code>redirect_uri</code> is none of the client's. They are compared byte for byte; for a loopback
          address the port may differ.`,
      ),
    }
  return { client, redirectUri }
}

/** Has somebody sign in, then shows the question, or answers it where it was answered before. */
async function ask(parts: AuthorizeParts, visit: Visit, token: string, alert?: string): Promise<Answer> {
  const { db, pages, accounts } = parts
  const found = await waiting(parts, visit, token)
  if (found === null) return { failure: REQUEST_OVER }
  const { request, client } = found
  const who = await accounts.signedIn(visit)
  if (who === null || wantsFreshSignIn(request, who.authenticatedAt))
    return { goTo: await accounts.askToSignIn(visit, wishOf(request, client, token)) }
  if (whyNotAuthorize(client, who.userId) !== null) return deadEnd(pages, visit, NOT_TO_BE_ALLOWED, token)
  if (who.owners.length === 0) return deadEnd(pages, visit, NO_OWNER, token)
  const silent = alert === undefined ? await silentYes(db, client, request, who, visit.now) : null
  if (silent !== null) return await answerYes(parts, visit, request, silent, token)
  const question = await questionOf(parts, request, client, who, visit.now)
  if (question.owners.length === 0)
    return deadEnd(pages, visit, blockedFor(namesOf(question.blockedOwners)), token)
  return { page: consentPage(pages, visit, { question, token, alert }) }
}

function namesOf(owners: readonly NamedOwner[]): readonly string[] {
  return owners.map(({ name }) => name)
}

function wishOf(request: AuthorizationRequest, client: Client, token: string): SignInWish {
  return {
    returnTo: `${CONSENT_PATH}?request=${token}`,
    refusedTo: `${REFUSED_PATH}?request=${token}`,
    clientName: client.name,
    loginHint: request.loginHint,
    fresh: caresWhenSignedIn(request),
  }
}

/** Takes the user's decision on what is kept here; of the form only the decision itself is read. */
async function decide(parts: AuthorizeParts, visit: Visit, fields: URLSearchParams): Promise<Answer> {
  const { accounts, issuer } = parts
  const token = fields.get('request') ?? ''
  const found = await waiting(parts, visit, token)
  if (found === null) return { failure: REQUEST_OVER }
  const { request, client } = found
  const decision = fields.get('decision')
  if (decision === 'somebody_else')
    return { goTo: await accounts.signInAnew(visit, { ...wishOf(request, client, token), loginHint: null }) }
  const who = await accounts.signedIn(visit)
  if (decision !== 'allow') {
    if (!(await spend(parts, visit, token, who, client))) return { failure: REQUEST_OVER }
    return { goTo: redirectBack(request, issuer, decision === 'back' ? IMPOSSIBLE : DENIED) }
  }
  if (who === null || wantsFreshSignIn(request, who.authenticatedAt)) return await ask(parts, visit, token)
  if (whyNotAuthorize(client, who.userId) !== null || who.owners.length === 0)
    return await ask(parts, visit, token)
  const question = await questionOf(parts, request, client, who, visit.now)
  if (question.owners.length === 0) return await ask(parts, visit, token)
  if (fields.get('shown') !== digestOf(question)) return await ask(parts, visit, token, CHANGED)
  const owner = chosenOwner(question.owners, fields.get('owner_id'))
  if (owner === null) return await ask(parts, visit, token, 'Choose one of your workspaces.')
  const yes = yesTo(question, owner, new Set(fields.getAll('scope')))
  if (yes.scopes.length === 0)
    return await ask(parts, visit, token, 'Leave at least one thing ticked, or deny.')
  return await answerYes(parts, visit, request, yes, token)
}

const CHANGED = 'Something of this has changed since it was shown. Nothing was done: look at it again.'

/** The API provider's own login has refused: the app hears it, the user is done. */
async function refuseSignIn(parts: AuthorizeParts, visit: Visit, token: string): Promise<Answer> {
  const found = await waiting(parts, visit, token)
  if (found === null || !(await spend(parts, visit, token, null, found.client)))
    return { failure: REQUEST_OVER }
  return { goTo: redirectBack(found.request, parts.issuer, DENIED) }
}

const DENIED = { error: 'access_denied', error_description: 'The user said no.' }
const IMPOSSIBLE = { error: 'access_denied', error_description: 'This user cannot allow it.' }

/** The request of this browser that waits for an answer, and its client, if that may still ask. */
async function waiting(
  { db, findClient }: AuthorizeParts,
  visit: Visit,
  token: string,
): Promise<{ request: AuthorizationRequest; client: Client } | null> {
  if (!isToken('ar', token)) return null
  const request = await findRequest(db, hashToken(token), browserHash(visit), visit.now)
  if (request === undefined) return null
  const client = await findClient(request.clientId, visit.ip)
  if (client === undefined || client === 'busy' || whyEnded(client) !== null) return null
  return matchesRedirectUri(request.redirectUri, client.redirectUris) ? { request, client } : null
}

/** Keeps the yes and sends the code. @param token of the request to spend; null where none was kept */
async function answerYes(
  parts: AuthorizeParts,
  visit: Visit,
  request: AuthorizationRequest,
  yes: Yes,
  token: string | null,
): Promise<Answer> {
  const { db, brand, issuer, accounts, grantSeconds, onChanged } = parts
  const origin = originOfVisit(visit, yes.userId)
  const kept = await transact(db, async (tx) => {
    if (!(await accounts.holdEnabled(tx, yes.userId))) return no(NOT_TO_BE_ALLOWED)
    const spent = token === null || (await answerRequest(tx, hashToken(token), browserHash(visit), visit.now))
    if (!spent) return no(REQUEST_OVER)
    const code = await consent(tx, origin, { request, brand, grantSeconds, yes })
    // User and owner are held now: whoever takes the user's access away has done so already, or will see this grant.
    const who = await accounts.signedIn(visit, tx)
    const mayAct = who?.userId === yes.userId && who.owners.some(({ id }) => id === yes.ownerId)
    if (!code.ok && code.no === 'blocked') return no(blockedFor([yes.shown.owner_name]))
    return code.ok && mayAct ? code : no(NOT_TO_BE_ALLOWED)
  })
  if (!kept.ok) {
    // What was suspended may be the workspace: then the app is told, for nothing of the request was spent.
    const waits = token !== null && kept.no !== REQUEST_OVER && (await waiting(parts, visit, token)) !== null
    return waits ? deadEnd(parts.pages, visit, kept.no, token) : { failure: kept.no }
  }
  await onChanged()
  return { goTo: redirectBack(request, issuer, { code: kept.value.reveal() }) }
}

async function spend(
  { db }: AuthorizeParts,
  visit: Visit,
  token: string,
  who: SignedIn | null,
  client: Client,
): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    if (!(await answerRequest(tx, hashToken(token), browserHash(visit), visit.now))) return false
    const about = { ownerId: null, targetId: client.id }
    await recordDone(tx, originOfVisit(visit, who?.userId ?? null), 'grant.denied', about)
    return true
  })
}
