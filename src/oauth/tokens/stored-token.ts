/** The most that a token may be issued for. */
export interface GrantedAccess {
  readonly scopes: readonly string[]
  /** As granted at first; some may have been removed since. */
  readonly originalScopes: readonly string[]
  /** Requested API identifiers (RFC 8707); empty: none, and the scopes decide. */
  readonly resources: readonly string[]
  /** The API of each scope. */
  readonly apiOf: Readonly<Record<string, string>>
}

/** The state of the grant that a code or refresh token depends on. */
export interface GrantStatus {
  readonly grantId: string
  readonly grantRevokedAt: Date | null
  readonly grantExpiresAt: Date | null
  readonly ownerSuspendedAt: Date | null
}

/** A stored code with what it depends on. */
export interface StoredCode extends GrantedAccess, GrantStatus {
  readonly clientId: string
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly expiresAt: Date
  readonly spentAt: Date | null
  /** The family of its tokens; null while it is unspent. */
  readonly familyId: string | null
}

/** A stored refresh token with what it depends on. */
export interface StoredRefreshToken extends GrantedAccess, GrantStatus {
  readonly clientId: string
  readonly familyId: string
  readonly familyRevokedAt: Date | null
  /** The user has to authorize again after this. */
  readonly familyExpiresAt: Date
  readonly expiresAt: Date
  readonly spentAt: Date | null
  /** 64 hex digits; null while it is unspent. */
  readonly successorHash: string | null
  /** The successor has been spent in turn. */
  readonly successorSpent: boolean
}
