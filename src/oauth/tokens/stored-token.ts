/** What a token may be issued for at most. */
export interface GrantedAccess {
  readonly scopes: readonly string[]
  /** What was granted at first: some of it may have been taken away since. */
  readonly originalScopes: readonly string[]
  /** API identifiers that were asked for; empty: none was, and the scopes say which. */
  readonly resources: readonly string[]
  /** The API of each scope. */
  readonly apiOf: Readonly<Record<string, string>>
}

/** What a code or a refresh token hangs from, as far as it can end it. */
export interface GrantStatus {
  readonly grantId: string
  readonly grantRevokedAt: Date | null
  readonly grantExpiresAt: Date | null
  readonly ownerSuspendedAt: Date | null
}

/** A code that exists, and what it hangs from. */
export interface StoredCode extends GrantedAccess, GrantStatus {
  readonly clientId: string
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly expiresAt: Date
  readonly spentAt: Date | null
  /** What it yielded, once it is spent. */
  readonly familyId: string | null
}

/** A refresh token that exists, and what it hangs from. */
export interface StoredRefreshToken extends GrantedAccess, GrantStatus {
  readonly clientId: string
  readonly familyId: string
  readonly familyRevokedAt: Date | null
  /** After which the user is asked anew. */
  readonly familyExpiresAt: Date
  readonly expiresAt: Date
  readonly spentAt: Date | null
  /** As 64 hex digits; null while it is not spent. */
  readonly successorHash: string | null
  /** Whether the successor has been used in turn. */
  readonly successorSpent: boolean
}
