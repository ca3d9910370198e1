import { type Client, whyNotAuthorize } from '../../clients/client.ts'
import { allowsImpersonation } from '../../clients/redirect-uri.ts'
import type { ShownJson } from '../../db/oauth-tables.ts'
import type { Catalogue } from '../../scopes/catalogue.ts'
import type { NamedOwner, SignedInUser } from '../../sessions/person.ts'
import { type Grant, stateOf } from '../grants/grant.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { isSameHost, redirectHost } from './authorization-response.ts'
import type { Consent } from './consent.ts'
import { impliedPairs, wereImplied } from './implied-scopes.ts'

/** The facts that prior consent depends on. */
export interface ConsentFacts {
  readonly client: Client
  readonly request: AuthorizationRequest
  readonly user: SignedInUser
  readonly grants: readonly Grant[]
  readonly blockingOwnerIds: ReadonlySet<string>
  readonly catalogue: Catalogue['scopes']
}

/**
 * Consent that was given before, where it covers all that is requested now, for the only owner that it can be about.
 * Never for a client that can be impersonated (RFC 8252 §8.6), nor for one without pre-registration. First-party clients
 * that can prove themselves need no question at first; where the user has left them less, they ask like any other.
 */
export function priorConsent(facts: ConsentFacts, now: Date): Consent | null {
  const { client, request, user, catalogue } = facts
  if (!isCertain(client, request) || wantsPage(request, user)) return null
  if (whyNotAuthorize(client, user.userId) !== null) return null
  // A user with several workspaces may want another one this time, and could never say so.
  if (user.owners.length !== 1 && !request.prompt.includes('none')) return null
  const active = activeGrants(facts, now)
  const [grant] = active
  if (grant !== undefined) {
    const covers = request.scopes.every((scope) => wasAllowed(scope, grant, catalogue))
    if (active.length !== 1 || !covers || !wasShown(client, request, grant)) return null
    const { ownerId, shown } = grant
    return { userId: user.userId, ownerId, asked: 'before', scopes: request.scopes, implied: [], shown }
  }
  const [owner] = user.owners
  if (!client.firstParty || client.type === 'public' || user.owners.length !== 1 || owner === undefined)
    return null
  if (facts.blockingOwnerIds.has(owner.id)) return null
  return {
    userId: user.userId,
    ownerId: owner.id,
    asked: 'before',
    scopes: request.scopes,
    implied: impliedPairs(request.scopes, (scope) => catalogue.get(scope)?.brings ?? []),
    shown: shownOf(client, request, owner, []),
  }
}

/**
 * Of the requested scopes, those that the user allowed before and is not asked again. Empty where the client wants the
 * question, where the user has several owners to choose from, and where nothing would be left to ask.
 */
export function allowedBefore(facts: ConsentFacts, now: Date): readonly string[] {
  const { client, request, user, catalogue } = facts
  if (request.prompt.includes('consent') || user.owners.length !== 1 || !isCertain(client, request)) return []
  const [grant] = activeGrants(facts, now)
  if (grant === undefined || !wasShown(client, request, grant)) return []
  const before = request.scopes.filter((scope) => wasAllowed(scope, grant, catalogue))
  return before.length === request.scopes.length ? [] : before
}

/** Grants for owners that the user may still act for. */
function activeGrants({ grants, user }: ConsentFacts, now: Date): readonly Grant[] {
  const owners = new Set(user.owners.map(({ id }) => id))
  return grants.filter((grant) => owners.has(grant.ownerId) && stateOf(grant, now) === 'active')
}

/** A scope counts as allowed with all that it implies now; what it has come to imply since, the user has not seen. */
function wasAllowed(scope: string, { scopes, implied }: Grant, catalogue: Catalogue['scopes']): boolean {
  return scopes.includes(scope) && wereImplied(scope, catalogue.get(scope)?.brings ?? [], implied)
}

/** The client wants the page, whatever was allowed before. A user who has just signed in has selected an account by it. */
function wantsPage({ prompt, createdAt }: AuthorizationRequest, { authenticatedAt }: SignedInUser): boolean {
  return prompt.includes('consent') || (prompt.includes('select_account') && authenticatedAt < createdAt)
}

/** True where this must be the client that was allowed before, and not another one in its name. */
function isCertain(client: Client, { redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>): boolean {
  return (
    client.source === 'registered' && (client.type === 'confidential' || !allowsImpersonation(redirectUri))
  )
}

/** The user has seen where this leads. First-party clients are never asked about. */
function wasShown(client: Client, { redirectUri }: AuthorizationRequest, { shown }: Grant): boolean {
  return client.firstParty || isSameHost(redirectHost(redirectUri), shown.redirect_host)
}

/** The part of the page that is stored with the grant. */
export function shownOf(
  client: Client,
  { redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>,
  owner: NamedOwner,
  scopes: ShownJson['scopes'],
): ShownJson {
  return {
    client_name: client.name,
    redirect_host: redirectHost(redirectUri),
    owner_name: owner.name,
    scopes,
  }
}
