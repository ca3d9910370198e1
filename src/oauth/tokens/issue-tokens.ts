import { type CredentialPlace, hashCredential, mintCredential, type Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../../audit/audit-event.ts'
import { addSeconds, earlier } from '../../base/clock.ts'
import { newId } from '../../base/id.ts'
import { no, type Result, yes } from '../../base/result.ts'
import {
  type AuthenticatedClient,
  authenticateClient,
  type ClientKnowledge,
} from '../../clients/authentication/authenticate-client.ts'
import type { ClientRefusal } from '../../clients/authentication/client-refusal.ts'
import type { ClientRequest } from '../../clients/authentication/presented-client.ts'
import type { Client } from '../../clients/client.ts'
import type { Db } from '../../db/schema.ts'
import { deriveTokens } from './derive-tokens.ts'
import { redeem } from './grant-types/authorization-code.ts'
import { refresh } from './grant-types/refresh-token.ts'
import {
  addAccessToken,
  endOfAccessToken,
  insertOwnToken,
  spendCode,
  spendRefreshToken,
} from './issue-tokens.store.ts'
import { declaredResources } from './match-resource.ts'
import { refuseScope, scopesOfResources } from './narrow-scopes.ts'
import { type OAuthRefusal, type OAuthRefusalReason, refuse } from './oauth-refusal.ts'
import { revokeFamily } from './revoke-family.ts'
import { apisOf, findCode, findRefreshToken } from './token.store.ts'
import type { TokenLifetimes } from './token-lifetimes.ts'
import type { RequestedAccess, TokenRequest } from './token-request.ts'

/** What issuing tokens needs. */
export interface Issuer {
  readonly db: Db
  readonly brand: string | null
  readonly times: TokenLifetimes
  /** From which the successors of refresh tokens are computed. */
  readonly refreshKey: Uint8Array
  readonly clients: ClientKnowledge
  /** Called once an end of tokens is committed, and awaited. */
  readonly onChanged: () => Promise<void>
}

/** What a client gets (RFC 6749 §5.1). */
export interface IssuedTokens {
  readonly accessToken: Secret
  readonly expiresInSeconds: number
  readonly refreshToken: Secret | null
  readonly scopes: readonly string[]
}

/** A refusal, and the client that it is about, once that has proved who it is. */
export interface TokenRefusal {
  readonly why: ClientRefusal | OAuthRefusal
  readonly clientId: string | null
}

export interface TokenCall {
  readonly origin: Origin
  readonly userAgent: string | null
  readonly proof: ClientRequest
}

type Issued = Promise<Result<IssuedTokens, TokenRefusal>>

/** Another request was first this many times: no race of honest clients is that long. */
const MAX_LOST_RACES = 5

/**
 * The token endpoint: who asks, whether it may, and what it gets. One question and one change, whatever is asked; the
 * client is asked for at the same time, where it is not known here.
 */
export async function issueTokens(issuer: Issuer, request: TokenRequest, call: TokenCall): Issued {
  for (let race = 0; race < MAX_LOST_RACES; race++) {
    const issued = await once(issuer, request, call, race > 0)
    if (issued !== 'lost') return issued
  }
  throw new Error('a token request lost every race')
}

function once(
  issuer: Issuer,
  request: TokenRequest,
  call: TokenCall,
  again: boolean,
): Promise<Awaited<Issued> | 'lost'> {
  switch (request.grantType) {
    case 'authorization_code':
      return fromCode(issuer, request, call, again)
    case 'refresh_token':
      return fromRefreshToken(issuer, request, call, again)
    case 'client_credentials':
      return forItself(issuer, request.wish, call)
  }
}

async function fromCode(
  issuer: Issuer,
  request: Extract<TokenRequest, { grantType: 'authorization_code' }>,
  call: TokenCall,
  again: boolean,
): Promise<Awaited<Issued> | 'lost'> {
  const { db, times } = issuer
  const { now } = call.origin
  const codeHash = hashCredential(request.code)
  const [known, found] = await Promise.all([prove(issuer, call, again), findCode(db, codeHash)])
  if (!known.ok) return known
  const { client } = known.value
  const refused = refusing(client)
  if (!client.grantTypes.includes('authorization_code')) return refused('grant_type_not_registered')
  const redemption = redeem(found, request, client.id, now)
  if (redemption.outcome === 'refuse') return no({ why: redemption.refusal, clientId: client.id })
  if (redemption.outcome === 'replayed') {
    await revokeFamily(db, call.origin, redemption.familyId, 'code_used_twice')
    await issuer.onChanged()
    return refused('code_used_before')
  }
  if (found === null) throw new Error('a code that was not found was redeemed')

  const place = placeOf(issuer, client)
  const accessToken = mintCredential('access_token', place)
  const refreshToken = client.grantTypes.includes('refresh_token')
    ? mintCredential('refresh_token', place)
    : null
  const familyExpiresAt = until(addSeconds(now, times.refreshAbsoluteSeconds), found.grantExpiresAt)
  const access = newAccess(issuer, client, accessToken, redemption, now, familyExpiresAt)
  const { grantId, scopes, resources } = found
  const spent = await spendCode(
    db,
    { codeHash, grantId, familyId: newId('fam'), familyExpiresAt, scopes, resources },
    access,
    refreshToken && newRefresh(issuer, refreshToken, now, familyExpiresAt),
  )
  return spent ? yes(toIssued(accessToken, access.expiresAt, refreshToken, redemption.scopes, now)) : 'lost'
}

async function fromRefreshToken(
  issuer: Issuer,
  request: Extract<TokenRequest, { grantType: 'refresh_token' }>,
  call: TokenCall,
  again: boolean,
): Promise<Awaited<Issued> | 'lost'> {
  const { db, refreshKey } = issuer
  const { now } = call.origin
  const tokenHash = hashCredential(request.refreshToken)
  const [known, found] = await Promise.all([prove(issuer, call, again), findRefreshToken(db, tokenHash)])
  if (!known.ok) return known
  const { client } = known.value
  const refused = refusing(client)
  if (!client.grantTypes.includes('refresh_token')) return refused('grant_type_not_registered')

  const place = placeOf(issuer, client)
  const next = deriveTokens(refreshKey, place, request.refreshToken, request.wish)
  const refreshing = refresh(found, request, client, hashOf(next.refreshToken), now)
  if (refreshing.outcome === 'refuse') return no({ why: refreshing.refusal, clientId: client.id })
  if (refreshing.outcome === 'reused') {
    await revokeFamily(db, call.origin, refreshing.familyId, 'refresh_token_reused')
    await issuer.onChanged()
    return refused('refresh_token_reused')
  }
  if (found === null) throw new Error('a refresh token that was not found was spent')

  const { grantId, familyId } = found
  const last = until(found.familyExpiresAt, found.grantExpiresAt)
  if (refreshing.outcome === 'repeat') {
    const end = await endOfAccessToken(db, hashOf(next.accessToken))
    if (end !== null && end > now)
      return yes(toIssued(next.accessToken, end, next.refreshToken, refreshing.scopes, now))
    const accessToken = mintCredential('access_token', place)
    const access = newAccess(issuer, client, accessToken, refreshing, now, last)
    const added = await addAccessToken(db, { grantId, familyId }, access)
    return added
      ? yes(toIssued(accessToken, access.expiresAt, next.refreshToken, refreshing.scopes, now))
      : 'lost'
  }
  const access = newAccess(issuer, client, next.accessToken, refreshing, now, last)
  const kept = newRefresh(issuer, next.refreshToken, now, last)
  const spent = await spendRefreshToken(db, { tokenHash, grantId, familyId }, access, kept)
  return spent
    ? yes(toIssued(next.accessToken, access.expiresAt, next.refreshToken, refreshing.scopes, now))
    : 'lost'
}

/** RFC 6749 §4.4: no user, no refresh token, and only what an administrator has listed. None listed, none given. */
async function forItself(issuer: Issuer, wish: RequestedAccess, call: TokenCall): Promise<Awaited<Issued>> {
  const { now } = call.origin
  const known = await prove(issuer, call, false)
  if (!known.ok) return known
  const { client } = known.value
  const refused = refusing(client)
  if (client.type === 'public') return refused('public_client')
  if (!client.grantTypes.includes('client_credentials')) return refused('grant_type_not_registered')
  if (client.ownerId === null)
    return refused('client_without_owner', 'The client belongs to no owner, so there is no data to reach.')
  const listed = client.clientCredentialsScopes
  const beyond = wish.scopes?.find((scope) => !listed.includes(scope))
  if (beyond !== undefined)
    return no({ why: refuseScope(beyond, 'is not listed for this client'), clientId: client.id })
  const apiOf = wish.resources.length === 0 ? {} : await apisOf(issuer.db, listed)
  const resources = declaredResources(wish.resources, Object.values(apiOf))
  if (resources === null) return refused('resource_not_granted')
  const scopes = scopesOfResources(wish.scopes ?? listed, resources, apiOf)
  if (listed.length === 0) return refused('no_scopes', 'No scopes are listed for this client.')
  if (scopes.length === 0) return refused('resource_without_scopes')
  const accessToken = mintCredential('access_token', placeOf(issuer, client))
  const access = newAccess(issuer, client, accessToken, { scopes, resources }, now, null)
  await insertOwnToken(issuer.db, access)
  return yes(toIssued(accessToken, access.expiresAt, null, scopes, now))
}

/** @param again the client was proved by this very request before: an assertion is spent already */
async function prove(
  { clients }: Issuer,
  { origin, userAgent, proof }: TokenCall,
  again: boolean,
): Promise<Result<AuthenticatedClient, TokenRefusal>> {
  const knowledge = again ? { ...clients, spend: async () => true } : clients
  const known = await authenticateClient(knowledge, proof, { now: origin.now, ip: origin.ip, userAgent })
  return known.ok ? known : no({ why: known.no, clientId: null })
}

function refusing(client: Client) {
  return (reason: OAuthRefusalReason, description?: string) =>
    no({ why: refuse(reason, description), clientId: client.id })
}

function placeOf({ brand }: Issuer, { environment }: Client): CredentialPlace {
  return { environment, brand }
}

function newAccess(
  { times }: Issuer,
  client: Client,
  token: Secret,
  purpose: { readonly scopes: readonly string[]; readonly resources: readonly string[] },
  now: Date,
  last: Date | null,
) {
  return {
    hash: hashOf(token),
    clientId: client.id,
    environment: client.environment,
    scopes: purpose.scopes,
    resources: purpose.resources,
    createdAt: now,
    expiresAt: until(addSeconds(now, times.accessSeconds), last),
  }
}

function newRefresh({ times }: Issuer, token: Secret, now: Date, last: Date) {
  return { hash: hashOf(token), expiresAt: until(addSeconds(now, times.refreshIdleSeconds), last) }
}

function until(at: Date, last: Date | null): Date {
  return earlier(at, last) ?? at
}

function hashOf(secret: Secret): string {
  return hashCredential(secret.reveal())
}

function toIssued(
  accessToken: Secret,
  expiresAt: Date,
  refreshToken: Secret | null,
  scopes: readonly string[],
  now: Date,
): IssuedTokens {
  const expiresInSeconds = Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 1000))
  return { accessToken, expiresInSeconds, refreshToken, scopes }
}
