/** Who is signed in, in one browser, now. */
export interface SignedInUser extends Person {
  readonly sessionId: string
}

/** A user, as far as signing in tells. */
export interface Person {
  readonly userId: string
  readonly displayName: string
  /** Null where the API provider's own login vouches for the person. */
  readonly email: string | null
  /** For which owners the person may act; by name, then id. */
  readonly owners: readonly NamedOwner[]
  /** When the person last proved who they are. */
  readonly authenticatedAt: Date
}

export interface NamedOwner {
  readonly id: string
  readonly name: string
}
