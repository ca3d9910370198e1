import type { Lifetime } from '@doorward/sdk/rules'
import type { StoredSecret } from '../secrets/secret.ts'

export const CLIENT_TYPES = ['confidential', 'public'] as const
export type ClientType = (typeof CLIENT_TYPES)[number]

export const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials'] as const
export type GrantType = (typeof GRANT_TYPES)[number]

/** Client authentication methods of the token endpoint; each client has exactly one. `none` is for public clients. */
export const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
export type AuthMethod = (typeof AUTH_METHODS)[number]

/**
 * Origin of a client: the management API, its own document at the URL that is its id, or dynamic registration (RFC
 * 7591). The last two are clients without pre-registration.
 */
export const CLIENT_SOURCES = ['registered', 'metadata_document', 'dynamic'] as const
export type ClientSource = (typeof CLIENT_SOURCES)[number]

/** A public key (RFC 7517 §4) with the members that are stored. */
export interface JsonWebKey {
  readonly kty: string
  readonly kid?: string
  readonly use?: string
  readonly alg?: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

export interface JsonWebKeySet {
  readonly keys: readonly JsonWebKey[]
}

/** Metadata of a client: everything that can be changed later. */
export interface ClientMetadata {
  readonly name: string
  readonly description: string | null
  readonly clientUri: string | null
  readonly logoUri: string | null
  readonly policyUri: string | null
  readonly tosUri: string | null
  /** Compared byte for byte: exact match (RFC 9700 §4.1.3). */
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly tokenEndpointAuthMethod: AuthMethod
  /** The secret may be sent in the header or the body: the registration named neither. */
  readonly eitherSecretMethod: boolean
  readonly jwks: JsonWebKeySet | null
  readonly jwksUri: string | null
  /** With the optional ones the ceiling: users cannot grant more. A user cannot leave these out. */
  readonly requiredScopes: readonly string[]
  readonly optionalScopes: readonly string[]
  /** Scopes without a user, listed by an administrator. None listed, none issued. */
  readonly clientCredentialsScopes: readonly string[]
  /** The API provider's own app. Only an unbound admin key can set it. */
  readonly firstParty: boolean
  /** Users who may authorize it while it is a draft. */
  readonly testers: readonly string[]
  /** Grace in which a spent refresh token may be presented again, after a lost response. */
  readonly refreshGraceSeconds: number
}

/** A third-party application (RFC 6749 §1.1), or one of the API provider's own. */
export interface Client extends ClientMetadata {
  /** `cli_…`, of `[A-Za-z0-9_]` only: clients send it in Basic without form-encoding, too. */
  readonly id: string
  /** The owner that registered it; null: the API provider. */
  readonly ownerId: string | null
  readonly type: ClientType
  /** Part of the prefix of its secrets and tokens. */
  readonly environment: string
  readonly source: ClientSource
  /**
   * An operator has set its ceiling by name. Otherwise the ceiling of a client without pre-registration is what is
   * basic in the catalogue at the moment.
   */
  readonly ceilingSetByOperator: boolean
  readonly createdBy: string
  readonly createdAt: Date
  /** Null: a draft. */
  readonly publishedAt: Date | null
  readonly suspendedAt: Date | null
  readonly suspendedReason: string | null
  /** Suspended by the API provider: then its owner cannot resume it. */
  readonly suspendedByProvider: boolean
  readonly revokedAt: Date | null
  readonly revokedReason: string | null
  readonly ownerSuspendedAt: Date | null
}

/** A client as the management API shows it. */
export interface ClientWithSecrets extends Client {
  /** Newest first; empty where it proves itself without one. */
  readonly secrets: readonly StoredSecret[]
}

/** A client, and its secret with a hash where it has one: what one question answers. */
export interface FoundClient {
  readonly client: Client
  readonly secret: KnownSecret | null
}

export interface KnownSecret extends Omit<Lifetime, 'ownerSuspendedAt' | 'disabledAt'> {
  readonly id: string
  readonly lastUsedAt: Date | null
}

/** A verified assertion: its `jti` has to be spent, and stored until `forgetAt`. */
export interface ProvenAssertion {
  readonly jti: string
  readonly forgetAt: Date
}

export const CLIENT_STATES = ['draft', 'live', 'suspended', 'revoked'] as const
export type ClientState = (typeof CLIENT_STATES)[number]

type Life = Pick<Client, 'revokedAt' | 'suspendedAt' | 'ownerSuspendedAt' | 'publishedAt'>

/** Read off the timestamps, never stored. What cannot be undone comes first. */
export function stateOf(client: Life): ClientState {
  if (client.revokedAt !== null) return 'revoked'
  if (client.suspendedAt !== null || client.ownerSuspendedAt !== null) return 'suspended'
  return client.publishedAt === null ? 'draft' : 'live'
}

/** Why nothing of a client works: not its secrets, not what was granted to it. Null for drafts and live ones. */
export function whyEnded(client: Life): 'client_revoked' | 'client_suspended' | 'owner_suspended' | null {
  if (client.revokedAt !== null) return 'client_revoked'
  if (client.suspendedAt !== null) return 'client_suspended'
  return client.ownerSuspendedAt === null ? null : 'owner_suspended'
}

/** Why a user cannot authorize a client; null where it can be asked for. */
export function whyNotAuthorize(
  client: Life & Pick<Client, 'testers'>,
  userId: string,
): ReturnType<typeof whyEnded> | 'not_a_tester' {
  const ended = whyEnded(client)
  if (ended !== null) return ended
  return stateOf(client) === 'live' || client.testers.includes(userId) ? null : 'not_a_tester'
}

/** All that users can grant it. */
export function ceilingOf({ requiredScopes, optionalScopes }: ClientMetadata): readonly string[] {
  return [...requiredScopes, ...optionalScopes]
}

/** True where a client may use this method. Only the two ways to send a secret can replace each other. */
export function mayProveBy(
  client: Pick<ClientMetadata, 'tokenEndpointAuthMethod' | 'eitherSecretMethod'>,
  method: AuthMethod,
): boolean {
  const { tokenEndpointAuthMethod: registered, eitherSecretMethod: either } = client
  return method === registered || (either && usesSecret(method) && usesSecret(registered))
}

export function usesSecret(method: AuthMethod): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post'
}

/** True where there is a secret to show and rotate; it may have expired. */
export function hasSecret({ secrets }: ClientWithSecrets): boolean {
  return secrets.some(({ revokedAt, retiresAt }) => revokedAt === null && retiresAt === null)
}

export const DEFAULT_REFRESH_GRACE_SECONDS = 60
export const MAX_REFRESH_GRACE_SECONDS = 3600
export const MAX_REDIRECT_URIS = 20
export const MAX_TESTERS = 100
/** Clients of one owner that are not revoked. The API provider's own are not counted. */
export const MAX_CLIENTS_PER_OWNER = 100
