/** How long a code waits to be redeemed, in seconds. */
export const CODE_SECONDS = 60

/** What a user's yes yields, and the client redeems once (RFC 6749 §1.3.1). It is bound to all that is here. */
export interface AuthorizationCode {
  readonly grantId: string
  readonly clientId: string
  /** As the authorization request had it, byte for byte. */
  readonly redirectUri: string
  /** S256 (RFC 7636 §4.2). */
  readonly codeChallenge: string
  /** What this request was granted: never more than the grant's. */
  readonly scopes: readonly string[]
  /** API identifiers (RFC 8707); empty: none was asked for. */
  readonly resources: readonly string[]
  readonly createdAt: Date
  readonly expiresAt: Date
}
