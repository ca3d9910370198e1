import type { RefusedAttempts } from '../audit/refused-attempts.ts'
import type { Db } from '../db/schema.ts'
import type { Logger } from '../http/log.ts'
import type { Answer, Pages } from '../pages/pages.ts'
import type { Visit } from '../pages/visit.ts'
import type { Person, SignedIn } from '../sessions/person.ts'
import type { Session } from '../sessions/session.ts'
import type { Passwords } from '../users/prove-password.ts'

/** How people prove who they are. One of them is in force. */
export interface SignInWay {
  /** Where a browser goes with a challenge. */
  entrance(challenge: string): string
  /** Whether that is a page of somebody else's. */
  readonly leadsAway: boolean
  /** Whose a session is; null where this way does not know the person, or not any more. */
  personOf(session: Session, db: Db): Promise<Person | null>
  /** What `/sign-in` shows for a challenge. */
  show(visit: Visit, challenge: string): Promise<Answer>
}

export interface WayParts {
  readonly db: Db
  readonly pages: Pages
  readonly passwords: Passwords
  readonly refusedAttempts: RefusedAttempts
  readonly log: Logger
  readonly signedIn: (visit: Visit) => Promise<SignedIn | null>
}
