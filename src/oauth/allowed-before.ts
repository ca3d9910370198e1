import type { NamedOwner, SignedIn } from '../accounts/accounts.ts'
import { type Client, whyNotAuthorize } from '../clients/client.ts'
import { isClaimedByNobody } from '../clients/redirect-uri.ts'
import type { Db, ShownJson } from '../db/schema.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Yes } from './consent.ts'
import { standingGrants } from './grant.store.ts'
import { type Grant, stateOf } from './grant.ts'
import { placeOf } from './redirect-back.ts'

/**
 * The yes that was given before, where it covers all that is asked for now, for the only owner that it can be about.
 * Never for who cannot be told from another: an app on the user's machine without a secret (RFC 8252 §8.6), or one that
 * registered by itself. The API provider's own apps, which can prove who they are, need no question.
 */
export async function silentYes(
  db: Db,
  client: Client,
  request: AuthorizationRequest,
  who: SignedIn,
): Promise<Yes | null> {
  if (!isCertain(client, request)) return null
  if (whyNotAuthorize(client, who.userId) !== null) return null
  const standing = await grantsFor(db, client, who, request.createdAt)
  const [grant] = standing
  if (
    standing.length === 1 &&
    grant !== undefined &&
    request.scopes.every((scope) => grant.scopes.includes(scope))
  )
    return {
      userId: who.userId,
      ownerId: grant.ownerId,
      asked: false,
      scopes: request.scopes,
      shown: grant.shown,
    }
  const [owner] = who.owners
  if (!client.firstParty || client.type === 'public' || who.owners.length !== 1 || owner === undefined)
    return null
  const shown = shownOf(client, request, owner, [])
  return { userId: who.userId, ownerId: owner.id, asked: false, scopes: request.scopes, shown }
}

/** Whether this is the very client that was allowed before, and no other that says so. */
function isCertain(client: Client, { redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>): boolean {
  return client.source !== 'dynamic' && (client.type === 'confidential' || !isClaimedByNobody(redirectUri))
}

/** What stands of what this user granted, for owners for whom they still may act. */
async function grantsFor(db: Db, client: Client, who: SignedIn, now: Date): Promise<Grant[]> {
  const owners = new Set(who.owners.map(({ id }) => id))
  const all = await standingGrants(db, who.userId, client.id)
  return all.filter((grant) => owners.has(grant.ownerId) && stateOf(grant, now) === 'active')
}

/** Of what is asked for, what the user allowed before for this owner; asked anew where the app wants it asked. */
export async function allowedBefore(
  db: Db,
  client: Client,
  request: AuthorizationRequest,
  who: SignedIn,
  owner: NamedOwner,
): Promise<readonly string[]> {
  if (request.prompt.includes('consent') || who.owners.length !== 1 || !isCertain(client, request)) return []
  const grants = await grantsFor(db, client, who, request.createdAt)
  const scopes = grants.find(({ ownerId }) => ownerId === owner.id)?.scopes ?? []
  return request.scopes.filter((scope) => scopes.includes(scope))
}

/** What is kept of the page that the user saw. */
export function shownOf(
  client: Client,
  { redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>,
  owner: NamedOwner,
  scopes: ShownJson['scopes'],
): ShownJson {
  return { client_name: client.name, redirect_host: placeOf(redirectUri), owner_name: owner.name, scopes }
}
