import { originOfVisit } from '../audit/visit-origin.ts'
import { newId } from '../base/id.ts'
import { hashToken, mintToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { transact } from '../db/transact.ts'
import { browserHash, type Visit } from '../pages/visit.ts'
import type { Person } from '../sessions/person.ts'
import { endSession, insertSession } from '../sessions/session.store.ts'
import { holdEnabled } from '../users/disabled-user.store.ts'
import type { ProvenPassword } from '../users/prove-password.ts'
import { holdPasswordHash } from '../users/user.store.ts'
import { type ChallengeName, findChallenge, spendChallenge } from './login-challenge.store.ts'
import type { LoginChallenge } from './login-challenge.ts'

/** An authenticated user: one of ours by id, or one that the external login vouches for. */
export type Proven = ProvenPassword | { readonly person: Person }

/**
 * Spends the challenge and starts a session in one transaction: one challenge, one session, in the browser that made the
 * challenge. The session id is always new and the browser's previous session ends, against session fixation.
 *
 * Everything is checked again inside the transaction. The user is locked first, so that disabling the user or removing an
 * owner either waits for this session or is seen here. The proven password must still be the user's, so that a new
 * password also ends sign-ins that are under way.
 *
 * @param who the user, from the challenge at the moment it is spent; null where it names none
 * @returns the spent challenge; or why it was not spent: not open (`findChallenge` has the reason), the user disabled, or
 *   the password changed
 */
export async function startSession(
  db: Db,
  visit: Visit,
  name: ChallengeName,
  who: (challenge: LoginChallenge) => Proven | null,
): Promise<Result<LoginChallenge, WhyNoSession>> {
  const token = mintToken('ss').reveal()
  const started = await transact<{ challenge: LoginChallenge; starts: boolean }, WhyNoSession>(
    db,
    async (tx) => {
      const browser = browserHash(visit)
      const open = await findChallenge(tx, name, browser)
      const expected = open === undefined ? null : who(open)
      if (expected !== null && !(await holdEnabled(tx, userIdOf(expected)))) return no('disabled')
      const challenge = await spendChallenge(tx, name, browser, visit.now)
      if (challenge === undefined) return no('not_open')
      const proven = expected === null ? null : who(challenge)
      if (proven === null) return yes({ challenge, starts: false })
      const userId = userIdOf(proven)
      if ('passwordHash' in proven && !(await holdPasswordHash(tx, proven))) return no('password_changed')
      await begin(tx, visit, token, { userId, person: 'person' in proven ? proven.person : null })
      return yes({ challenge, starts: true })
    },
  )
  if (!started.ok) return started
  if (started.value.starts) visit.setCookie('session', token)
  return yes(started.value.challenge)
}

type WhyNoSession = 'not_open' | 'disabled' | 'password_changed'

function userIdOf(proven: Proven): string {
  return 'person' in proven ? proven.person.userId : proven.userId
}

async function begin(
  tx: Tx,
  visit: Visit,
  token: string,
  { userId, person }: { readonly userId: string; readonly person: Person | null },
): Promise<void> {
  const before = visit.cookie('session')
  if (before !== undefined) await endSession(tx, hashToken(before), visit.now)
  const id = newId('ses')
  const authenticatedAt = person?.authenticatedAt ?? visit.now
  const { ip, userAgent } = visit
  await insertSession(tx, hashToken(token), { id, userId, person, authenticatedAt, ip, userAgent }, visit.now)
  await record(tx, originOfVisit(visit, userId), {
    action: 'session.started',
    target: { id, ownerId: null },
    detail: { by: person === null ? 'password' : 'external_login' },
  })
}

/** Ends the browser's session, if there is one. */
export async function signOut(db: Db, visit: Visit): Promise<void> {
  const token = visit.cookie('session')
  if (token === undefined) return
  await db.transaction().execute(async (tx) => {
    const ended = await endSession(tx, hashToken(token), visit.now)
    if (ended === undefined) return
    const target = { id: ended.id, ownerId: null }
    await record(tx, originOfVisit(visit, ended.userId), { action: 'session.ended', target })
  })
  visit.setCookie('session', null)
}
