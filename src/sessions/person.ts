/** The user who is signed in in one browser, now. */
export interface SignedInUser extends Person {
  readonly sessionId: string
}

/** A user as known from the sign-in. */
export interface Person {
  readonly userId: string
  readonly displayName: string
  /** Null for a user of the external login. */
  readonly email: string | null
  /** Owners that the user may act for; by name, then id. */
  readonly owners: readonly NamedOwner[]
  /** The user's last authentication. */
  readonly authenticatedAt: Date
}

export interface NamedOwner {
  readonly id: string
  readonly name: string
}
