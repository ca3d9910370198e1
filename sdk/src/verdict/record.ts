import type { IpRanges } from './ip-ranges.ts'
import type { RecordLimits } from './limits.ts'
import type { Ended } from './refusal.ts'

/** The record of a credential: enough to judge it at any time without asking again. */
export interface CredentialRecord {
  readonly kind: 'api_key' | 'access_token'
  /**
   * For a key the secret's id, `sec_…`, of which it has two during a rotation. For a token the id of its grant, `grt_…`,
   * or without a user of its client.
   */
  readonly credentialId: string
  /** The key's id, `key_…`, which no rotation changes. Null for tokens. */
  readonly keyId: string | null
  /** The client that acts; null for keys. */
  readonly clientId: string | null
  /** The user who gave consent; null for keys, and for a client that acts for itself. */
  readonly userId: string | null
  readonly ownerId: string
  readonly environment: string
  /** The credential's scopes and all that they imply. */
  readonly scopes: ReadonlySet<string>
  readonly metadata: Readonly<Record<string, unknown>>
  /** The identifiers of the APIs that a token is for (RFC 8707); null for keys, which only scopes restrict. */
  readonly audiences: readonly string[] | null
  /** Null: any address. An empty set of ranges: no address. */
  readonly ipAllowlist: IpRanges | null
  /** Its limits; null where it has none. */
  readonly limits: RecordLimits | null
  /** Why it was not active when it was looked up, by the clock of the database; null where it was active. */
  readonly ended: Ended | null
  /** The end of a rotation's overlap, for the old secret; null while nothing replaces it. */
  readonly retiresAt: Date | null
  readonly expiresAt: Date | null
}

/** Yielded by verification, with the same fields for every kind, so that one handler serves all of them. */
export type Principal = ApiKeyPrincipal | AccessTokenPrincipal

/** An API key: an owner's own program acts. */
export interface ApiKeyPrincipal extends AnyPrincipal {
  readonly kind: 'api_key'
  readonly keyId: string
  readonly clientId: null
  readonly userId: null
}

/** An OAuth access token: a client acts. */
export interface AccessTokenPrincipal extends AnyPrincipal {
  readonly kind: 'access_token'
  readonly keyId: null
  readonly clientId: string
  /** The user who gave consent; null where the client acts for itself (`client_credentials`, RFC 6749 §4.4). */
  readonly userId: string | null
}

interface AnyPrincipal {
  readonly credentialId: string
  /** The owner whose data is reached. Filter by this. */
  readonly ownerId: string
  /** Cannot be changed; a list in JSON. */
  readonly scopes: ReadonlySet<string>
  readonly environment: string
  readonly expiresAt: Date | null
  /** Frozen. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/** The parts of a record that a call is judged by. */
export type Terms = Pick<CredentialRecord, 'environment' | 'audiences' | 'ipAllowlist' | 'scopes'>

/** The parts of a record that others share: the keys of an owner mostly differ in their ids and ends alone. */
export type Profile = Omit<CredentialRecord, 'credentialId' | 'keyId' | 'ended' | 'retiresAt' | 'expiresAt'>

/**
 * @param profile of a record whose kind decides which ids are null: `recordFromWire` checks it, the server's statements
 *   give nothing else
 * @param scopes as handed out: a view that cannot be changed
 */
export function toPrincipal(
  profile: Profile,
  scopes: ReadonlySet<string>,
  credentialId: string,
  keyId: string | null,
  expiresAt: Date | null,
): Principal {
  return {
    kind: profile.kind,
    credentialId,
    keyId,
    clientId: profile.clientId,
    userId: profile.userId,
    ownerId: profile.ownerId,
    scopes,
    environment: profile.environment,
    expiresAt,
    metadata: profile.metadata,
  } as Principal
}
