import type { Db, Tx } from '../db/schema.ts'
import type { Answer } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import type { SignedInUser } from '../sessions/person.ts'

/** Options of one sign-in. All are kept on the server; none comes back through the browser. */
export interface SignInRequest {
  /** Where the browser goes afterwards: our own path, never taken from a request (open redirect). */
  readonly returnTo: string
  /** Where it goes when the external login has refused; null: a page says so. */
  readonly refusedTo?: string | null
  /** Name of the app that asks, for people; null: no app. */
  readonly clientName?: string | null
  /** The app's `login_hint` (OpenID Connect Core §3.1.2.1): an e-mail address, most often. */
  readonly loginHint?: string | null
  /** Ask for the credentials even of a signed-in user: `SignedInUser.authenticatedAt` will be later than now. */
  readonly fresh?: boolean
}

/** Sign-in of people. Hides the method in force: our own passwords or the external login. */
export interface SignIn {
  /** The user whom this browser's session belongs to; null: no valid session. @param db the caller's transaction */
  currentUser(visit: Visit, db?: Db): Promise<SignedInUser | null>
  /**
   * Holds a shared lock against disabling the user until the transaction ends, so that disabling sees what it begins.
   * Call it first in the transaction: a waiting one then holds no lock on the user's rows.
   *
   * @returns false where the user is disabled
   */
  holdEnabled(tx: Tx, userId: string): Promise<boolean>
  /** Sends the browser to sign in and come back. Refuses where its network has begun too many sign-ins. */
  start(visit: Visit, request: SignInRequest): Promise<Answer>
  /** Signs the current user out first, so that another user can sign in. */
  startAgain(visit: Visit, request: SignInRequest): Promise<Answer>
  /** True where signing in leads to another site: `Page.leadsAway` of a page whose form may lead there. */
  readonly leadsAway: boolean
}
