import { recordDone } from '../audit/audit-event.store.ts'
import { originOfVisit } from '../audit/visit-origin.ts'
import { newId } from '../base/id.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import { browserHash, type Visit } from '../http/visit.ts'
import type { Person } from './accounts.ts'
import { holdEnabled } from './disabled-user.store.ts'
import { type ChallengeName, spendChallenge } from './login-challenge.store.ts'
import type { LoginChallenge } from './login-challenge.ts'
import { endSession, insertSession } from './session.store.ts'

/** Who has proved who they are: a user of ours by id, or a person the provider's login vouches for. */
export type Proven = { readonly userId: string } | { readonly person: Person }

/**
 * Spends the challenge and begins a session, in one transaction: one challenge, one session, in the browser in which it
 * was made. The session is new, whatever the browser had before, and what it had before is over.
 *
 * @param who from the challenge, as it was the moment it was spent; null where it names nobody
 * @returns the challenge, spent; "no" and unspent where it cannot be, for `findChallenge` to say why, or where the user
 *   is disabled
 */
export async function startSession(
  db: Db,
  visit: Visit,
  name: ChallengeName,
  who: (challenge: LoginChallenge) => Proven | null,
): Promise<Result<LoginChallenge, 'not_open' | 'disabled'>> {
  const token = mintToken('ss').reveal()
  const started = await transact<{ challenge: LoginChallenge; begins: boolean }, 'not_open' | 'disabled'>(
    db,
    async (tx) => {
      const challenge = await spendChallenge(tx, name, browserHash(visit), visit.now)
      if (challenge === undefined) return no('not_open')
      const proven = who(challenge)
      if (proven === null) return yes({ challenge, begins: false })
      const person = 'person' in proven ? proven.person : null
      const userId = 'person' in proven ? proven.person.userId : proven.userId
      if (!(await holdEnabled(tx, userId))) return no('disabled')
      const before = visit.cookie('session')
      if (before !== undefined) await endSession(tx, hashToken(before), visit.now)
      const id = newId('ses')
      const authenticatedAt = person?.authenticatedAt ?? visit.now
      const { ip, userAgent } = visit
      const session = { id, userId, person, authenticatedAt, ip, userAgent }
      await insertSession(tx, hashToken(token), session, visit.now)
      await recordDone(
        tx,
        originOfVisit(visit, userId),
        'session.started',
        { ownerId: null, targetId: id },
        {
          by: person === null ? 'password' : 'hand_off',
        },
      )
      return yes({ challenge, begins: true })
    },
  )
  if (!started.ok) return started
  if (started.value.begins) visit.setCookie('session', token)
  return yes(started.value.challenge)
}

/** Ends the browser's session, where it has one. */
export async function signOut(db: Db, visit: Visit): Promise<void> {
  const token = visit.cookie('session')
  if (token === undefined) return
  await db.transaction().execute(async (tx) => {
    const ended = await endSession(tx, hashToken(token), visit.now)
    if (ended === undefined) return
    await recordDone(tx, originOfVisit(visit, ended.userId), 'session.ended', {
      ownerId: null,
      targetId: ended.id,
    })
  })
  visit.setCookie('session', null)
}
