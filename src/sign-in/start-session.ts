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

/** Who has proved who they are: a user of ours by id, or a person the provider's login vouches for. */
export type Proven = ProvenPassword | { readonly person: Person }

/**
 * Spends the challenge and begins a session, in one transaction: one challenge, one session, in the browser in which it
 * was made. The session is new, whatever the browser had before, and what it had before is over.
 *
 * Nothing that was true before the transaction is relied on. The user is held first, so that disabling them or taking an
 * owner away waits for this session or is seen here; and the password that was proved must still be the user's, so that a
 * new one ends sign-ins that are under way too.
 *
 * @param who from the challenge, as it is when it is spent; null where it names nobody
 * @returns the challenge, spent; "no" and unspent where it cannot be, for `findChallenge` to say why, or where the user
 *   is disabled, or has another password by now
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

/** Ends the browser's session, where it has one. */
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
