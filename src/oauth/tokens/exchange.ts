import { type CredentialPlace, hashCredential, type Secret } from '@doorward/sdk/kernel'
import type { Origin } from '../../audit/audit-event.ts'
import { addSeconds, earlier } from '../../base/clock.ts'
import { no, type Result } from '../../base/result.ts'
import {
  type AuthenticatedClient,
  authenticateClient,
  type ClientKnowledge,
} from '../../clients/authentication/authenticate-client.ts'
import type { ClientRefusal } from '../../clients/authentication/client-refusal.ts'
import type { ClientRequest } from '../../clients/authentication/presented-client.ts'
import type { Client } from '../../clients/client.ts'
import type { Db } from '../../db/schema.ts'
import { type OAuthRefusal, type OAuthRefusalReason, refuse } from './refusal-reasons.ts'
import type { TokenLifetimes } from './token-lifetimes.ts'

/** Dependencies of issuing tokens. */
export interface Issuer {
  readonly db: Db
  readonly brand: string | null
  readonly lifetimes: TokenLifetimes
  /** HMAC key from which the successors of refresh tokens are derived. */
  readonly refreshKey: Uint8Array
  readonly clients: ClientKnowledge
  /** Called once a revocation of tokens is committed, and awaited. */
  readonly onChanged: () => Promise<void>
}

/** A successful response (RFC 6749 §5.1). */
export interface IssuedTokens {
  readonly accessToken: Secret
  readonly expiresInSeconds: number
  readonly refreshToken: Secret | null
  readonly scopes: readonly string[]
}

/** A refusal, and the client that it is about once that is authenticated. */
export interface TokenRefusal {
  readonly why: ClientRefusal | OAuthRefusal
  readonly clientId: string | null
}

export interface TokenCall {
  readonly origin: Origin
  readonly userAgent: string | null
  readonly proof: ClientRequest
}

/** The scopes and resources that a token request asks for. */
export interface RequestedAccess {
  /** Null: all that was granted. */
  readonly scopes: readonly string[] | null
  readonly resources: readonly string[]
}

/** `lost_race`: another request spent the same code or token first. */
export type Exchanged = Result<IssuedTokens, TokenRefusal> | 'lost_race'

/**
 * One attempt at a token request, its parameters read.
 *
 * @param isRetry this request has authenticated its client before: an assertion is spent already
 */
export type Exchange = (issuer: Issuer, call: TokenCall, isRetry: boolean) => Promise<Exchanged>

/** A grant type (RFC 6749 §1.3): reads its own parameters. */
export type GrantTypeReader = (
  parameters: ReadonlyMap<string, string>,
  access: RequestedAccess,
) => Result<Exchange, OAuthRefusal>

/** Another request was first this many times: no race of honest clients is that long. */
const MAX_LOST_RACES = 5

export async function exchangeTokens(
  issuer: Issuer,
  exchange: Exchange,
  call: TokenCall,
): Promise<Result<IssuedTokens, TokenRefusal>> {
  for (let race = 0; race < MAX_LOST_RACES; race++) {
    const exchanged = await exchange(issuer, call, race > 0)
    if (exchanged !== 'lost_race') return exchanged
  }
  throw new Error('a token request lost every race')
}

export async function authenticate(
  { clients }: Issuer,
  { origin, userAgent, proof }: TokenCall,
  isRetry: boolean,
): Promise<Result<AuthenticatedClient, TokenRefusal>> {
  const knowledge = isRetry ? { ...clients, spend: async () => true } : clients
  const known = await authenticateClient(knowledge, proof, { now: origin.now, ip: origin.ip, userAgent })
  return known.ok ? known : no({ why: known.no, clientId: null })
}

/** Refuses requests of an authenticated client. */
export function refuserFor(client: Client) {
  return (reason: OAuthRefusalReason, description?: string) =>
    no({ why: refuse(reason, description), clientId: client.id })
}

export function credentialPlace({ brand }: Issuer, { environment }: Client): CredentialPlace {
  return { environment, brand }
}

/** @param last the end of the grant or family; null: no such end */
export function newAccessToken(
  { lifetimes }: Issuer,
  client: Client,
  token: Secret,
  access: { readonly scopes: readonly string[]; readonly resources: readonly string[] },
  now: Date,
  last: Date | null,
) {
  return {
    hash: hashOf(token),
    clientId: client.id,
    environment: client.environment,
    scopes: access.scopes,
    resources: access.resources,
    createdAt: now,
    expiresAt: notAfter(last, addSeconds(now, lifetimes.accessSeconds)),
  }
}

export function newRefreshToken({ lifetimes }: Issuer, token: Secret, now: Date, last: Date) {
  return { hash: hashOf(token), expiresAt: notAfter(last, addSeconds(now, lifetimes.refreshIdleSeconds)) }
}

export function notAfter(last: Date | null, at: Date): Date {
  return earlier(at, last) ?? at
}

export function hashOf(secret: Secret): string {
  return hashCredential(secret.reveal())
}

export function toIssued(
  accessToken: Secret,
  expiresAt: Date,
  refreshToken: Secret | null,
  scopes: readonly string[],
  now: Date,
): IssuedTokens {
  const expiresInSeconds = Math.max(0, Math.floor((expiresAt.getTime() - now.getTime()) / 1000))
  return { accessToken, expiresInSeconds, refreshToken, scopes }
}
