import type { IpRanges } from './ip-ranges.ts'
import type { RecordLimits } from './limits.ts'
import type { Ended } from './refusal.ts'

/** What verification knows of a credential: enough to judge it at any moment without asking again. */
export interface CredentialRecord {
  readonly kind: 'api_key'
  /** The secret's id, `sec_…`: a key under rotation has two. */
  readonly credentialId: string
  /** The key's id, `key_…`: stays the same through every rotation. */
  readonly keyId: string
  readonly ownerId: string
  readonly environment: string
  /** Everything the credential may do: its scopes and all that they imply. */
  readonly scopes: ReadonlySet<string>
  readonly metadata: Readonly<Record<string, unknown>>
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

/** What a verified credential yields; the same shape for every kind, so that a handler is written once. */
export interface Principal {
  readonly kind: CredentialRecord['kind']
  readonly credentialId: string
  readonly keyId: string
  /** Whose data is reached. Filter by this. */
  readonly ownerId: string
  readonly scopes: ReadonlySet<string>
  readonly environment: string
  readonly expiresAt: Date | null
  readonly metadata: Readonly<Record<string, unknown>>
}
