/** Lifetime of a code, in seconds. */
export const CODE_SECONDS = 60

/** An authorization code (RFC 6749 §1.3.1), redeemed once. It is bound to everything here. */
export interface AuthorizationCode {
  readonly grantId: string
  readonly clientId: string
  /** Byte for byte as in the authorization request. */
  readonly redirectUri: string
  /** S256 (RFC 7636 §4.2). */
  readonly codeChallenge: string
  /** The scopes of this request: never more than the grant's. */
  readonly scopes: readonly string[]
  /** API identifiers (RFC 8707); empty: none was requested. */
  readonly resources: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date
}
