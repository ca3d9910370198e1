import type { IpRanges } from './ip-ranges.ts'
import type { RecordLimits } from './limits.ts'
import type { Ended } from './refusal.ts'

/** What verification knows of a credential: enough to judge it at any moment without asking again. */
export interface CredentialRecord {
  readonly kind: 'api_key' | 'access_token'
  /**
   * Of a key the secret's id, `sec_…`: under rotation it has two. Of a token what it hangs from, which outlives it: the
   * grant, `grt_…`, or without a user the client.
   */
  readonly credentialId: string
  /** The key's id, `key_…`: stays the same through every rotation. Null for tokens. */
  readonly keyId: string | null
  /** The client that acts; null for keys. */
  readonly clientId: string | null
  /** The user who allowed it; null for keys, and for a client that acts for itself. */
  readonly userId: string | null
  readonly ownerId: string
  readonly environment: string
  /** Everything the credential may do: its scopes and all that they imply. */
  readonly scopes: ReadonlySet<string>
  readonly metadata: Readonly<Record<string, unknown>>
  /** The identifiers of the APIs that it is for (RFC 8707); null: keys, whose scopes alone say it. */
  readonly audiences: readonly string[] | null
  /** Null: from anywhere. An empty set of ranges: from nowhere. */
  readonly ipAllowlist: IpRanges | null
  /** How much it may do; null where there is nothing to count. */
  readonly limits: RecordLimits | null
  /** Why it was over already when it was looked up, by the clock of the database; null while it lived. */
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

/** Of a record, what a call is held against. */
export type Terms = Pick<CredentialRecord, 'environment' | 'audiences' | 'ipAllowlist' | 'scopes'>

/** What a record has in common with others: the keys of an owner mostly differ in their ids and ends alone. */
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
