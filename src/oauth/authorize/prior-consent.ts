import { type Client, whyNotAuthorize } from '../../clients/client.ts'
import { allowsImpersonation } from '../../clients/redirect-uri.ts'
import type { ShownJson } from '../../db/oauth-tables.ts'
import type { Db } from '../../db/schema.ts'
import { readCatalogue } from '../../scopes/catalogue.store.ts'
import type { Catalogue } from '../../scopes/catalogue.ts'
import type { NamedOwner, SignedInUser } from '../../sessions/person.ts'
import { unrevokedGrants } from '../grants/grant.store.ts'
import { type Grant, stateOf } from '../grants/grant.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { isSameHost, redirectHost } from './authorization-response.ts'
import type { Yes } from './consent.ts'
import { impliedBy, wasImplied } from './implied-scopes.ts'

/**
 * The yes that was given before, where it covers all that is asked for now, for the only owner that it can be about.
 * Never for who cannot be told from another: an app on the user's machine without a secret (RFC 8252 §8.6), or one that
 * nobody registered. The API provider's own apps, which can prove who they are, need no question at first; where the
 * user has left one less, it asks like any other.
 */
export async function silentYes(
  db: Db,
  client: Client,
  request: AuthorizationRequest,
  who: SignedInUser,
  now: Date,
): Promise<Yes | null> {
  if (!isCertain(client, request) || wantsPage(request, who)) return null
  if (whyNotAuthorize(client, who.userId) !== null) return null
  // Whoever has several workspaces may want another one this time, and could never say so.
  if (who.owners.length !== 1 && !request.prompt.includes('none')) return null
  const standing = await grantsFor(db, client, who, now)
  const [grant] = standing
  if (grant !== undefined) {
    const { scopes: catalogue } = await readCatalogue(db)
    const covers = request.scopes.every((scope) => wasAllowed(scope, grant, catalogue))
    if (standing.length !== 1 || !covers || !wasShown(client, request, grant)) return null
    const { ownerId, shown } = grant
    return { userId: who.userId, ownerId, asked: 'before', scopes: request.scopes, brought: [], shown }
  }
  const [owner] = who.owners
  if (!client.firstParty || client.type === 'public' || who.owners.length !== 1 || owner === undefined)
    return null
  const shown = shownOf(client, request, owner, [])
  const { scopes: catalogue } = await readCatalogue(db)
  const brought = impliedBy(request.scopes, (scope) => catalogue.get(scope)?.brings ?? [])
  return { userId: who.userId, ownerId: owner.id, asked: 'before', scopes: request.scopes, brought, shown }
}

/** Whether a scope was allowed as what it amounts to now: what it implies since then, the user has not seen. */
function wasAllowed(scope: string, { scopes, brought }: Grant, catalogue: Catalogue['scopes']): boolean {
  return scopes.includes(scope) && wasImplied(scope, catalogue.get(scope)?.brings ?? [], brought)
}

/** Whether the app wants the page, whatever was said before; who has just signed in has chosen an account by it. */
function wantsPage({ prompt, createdAt }: AuthorizationRequest, { authenticatedAt }: SignedInUser): boolean {
  return prompt.includes('consent') || (prompt.includes('select_account') && authenticatedAt < createdAt)
}

/** Whether this is the very client that was allowed before, and no other that says so. */
function isCertain(client: Client, { redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>): boolean {
  return (
    client.source === 'registered' && (client.type === 'confidential' || !allowsImpersonation(redirectUri))
  )
}

/** Whether the user has seen where this leads. Nobody was asked about the API provider's own apps. */
function wasShown(client: Client, { redirectUri }: AuthorizationRequest, { shown }: Grant): boolean {
  return client.firstParty || isSameHost(redirectHost(redirectUri), shown.redirect_host)
}

/** What stands of what this user granted, for owners for whom they still may act. */
async function grantsFor(db: Db, client: Client, who: SignedInUser, now: Date): Promise<Grant[]> {
  const owners = new Set(who.owners.map(({ id }) => id))
  const all = await unrevokedGrants(db, who.userId, client.id)
  return all.filter((grant) => owners.has(grant.ownerId) && stateOf(grant, now) === 'active')
}

/**
 * Of what is asked for, what the user allowed before, and need not be asked again. Nothing where the app wants it asked,
 * where the user has several owners to choose from, and where nothing would be left to ask.
 */
export async function allowedBefore(
  db: Db,
  client: Client,
  request: AuthorizationRequest,
  who: SignedInUser,
  now: Date,
  catalogue: Catalogue['scopes'],
): Promise<readonly string[]> {
  if (request.prompt.includes('consent') || who.owners.length !== 1 || !isCertain(client, request)) return []
  const [grant] = await grantsFor(db, client, who, now)
  if (grant === undefined || !wasShown(client, request, grant)) return []
  const before = request.scopes.filter((scope) => wasAllowed(scope, grant, catalogue))
  return before.length === request.scopes.length ? [] : before
}

/** What is kept of the page that the user saw. */
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
