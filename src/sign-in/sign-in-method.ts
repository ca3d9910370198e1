import type { RefusedAttempts } from '../audit/refused-attempts.ts'
import type { Clock } from '../base/clock.ts'
import type { Db } from '../db/schema.ts'
import type { Logger } from '../http/log.ts'
import type { Answer, Pages } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import type { Person, SignedInUser } from '../sessions/person.ts'
import type { Session } from '../sessions/session.ts'
import type { Passwords } from '../users/prove-password.ts'

/** One way for people to authenticate; one method is in force per installation. */
export interface SignInMethod {
  /** URL at which a browser with this challenge signs in. */
  entrance(challenge: string): string
  /** True where that URL is another site's. */
  readonly leadsAway: boolean
  /** The session's user; null where this method does not know the user, or no longer does. */
  personOf(session: Session, db: Db): Promise<Person | null>
  /** Answers `/sign-in` for a challenge. */
  show(visit: Visit, challenge: string): Promise<Answer>
}

export interface SignInParts {
  readonly db: Db
  readonly clock: Clock
  readonly pages: Pages
  readonly passwords: Passwords
  readonly refusedAttempts: RefusedAttempts
  readonly log: Logger
  readonly currentUser: (visit: Visit) => Promise<SignedInUser | null>
}
