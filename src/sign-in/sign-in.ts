import type { Db, Tx } from '../db/schema.ts'
import type { Visit } from '../pages/visit.ts'
import type { SignedIn } from '../sessions/person.ts'

/** What somebody shall sign in for. All of it is kept here and none of it comes back through the browser. */
export interface SignInWish {
  /** Where the browser goes afterwards: a path of ours, as routes have it, chosen by us and never taken from a request. */
  readonly returnTo: string
  /** Where it goes when the API provider's own login has refused; null: a page says so. */
  readonly refusedTo?: string | null
  /** The app that asks, for people; null: none does. */
  readonly clientName?: string | null
  /** Whom the app expects: an e-mail address, most often. */
  readonly loginHint?: string | null
  /** Whether to prove it anew even where somebody is signed in: `SignedIn.authenticatedAt` will be later than now. */
  readonly fresh?: boolean
}

/** Sign-in of people. What is behind it, passwords of ours or the API provider's own login, is nobody else's matter. */
export interface Accounts {
  /** Who is signed in in the browser of this visit; null: nobody, or not any more. @param db a transaction that asks */
  signedIn(visit: Visit, db?: Db): Promise<SignedIn | null>
  /**
   * Has whoever disables the user wait until the transaction ends, so that they see what it begins. First in the
   * transaction: whoever waits holds nothing of the user's.
   *
   * @returns false where the user is disabled
   */
  holdEnabled(tx: Tx, userId: string): Promise<boolean>
  /** @returns where to send the browser, so that somebody signs in and comes back */
  askToSignIn(visit: Visit, wish: SignInWish): Promise<string>
  /** The same for somebody else: who is signed in is signed out. */
  signInAnew(visit: Visit, wish: SignInWish): Promise<string>
  /** Whether signing in leads to a page of somebody else's: `Page.leadsAway` of a page whose form may lead to it. */
  readonly leadsAway: boolean
}
