import { momentAt } from '../base/moment.ts'
import { hashToken, isToken, mintToken } from '../base/one-time-token.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Db, Tx } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import type { Person } from '../sessions/person.ts'
import { USER_DISABLED } from '../users/disable-user.ts'
import { holdEnabled } from '../users/disabled-user.store.ts'
import { answerChallenge, findChallenge } from './login-challenge.store.ts'
import { type LoginChallenge, stateOf } from './login-challenge.ts'

/** The challenge for the API provider's backend, while it is open. */
export async function readChallenge(
  db: Db,
  token: string,
  now: Date,
): Promise<Result<LoginChallenge, Problem>> {
  if (!isToken('lc', token)) return no(NOT_FOUND)
  const challenge = await findChallenge(db, { hash: hashToken(token) }, null)
  if (challenge === undefined) return no(NOT_FOUND)
  const state = stateOf(challenge, now)
  if (state === 'open') return yes(challenge)
  return no(state === 'expired' ? EXPIRED : ANSWERED)
}

/** The user as the API provider's backend states it. */
export interface StatedPerson extends Omit<Person, 'authenticatedAt'> {
  /** Null where the backend leaves it out. */
  readonly authenticatedAt: Date | null
}

/** A rejection may be of a stranger: not each is an audit event. */
export interface Rejection {
  readonly rejectedReason: string
  readonly isAudited: boolean
}

const EXPIRED = problem(
  'login_challenge_expired',
  'A challenge works for 15 minutes. Ask the user to start again from the app.',
)
const ANSWERED = problem('login_challenge_answered', 'Only the first answer counts. Nothing was changed.')

/**
 * Accepts or rejects a challenge, once: of racing answers one counts.
 *
 * @returns the verifier with which the browser that made the challenge, and no other, continues
 */
export async function answer(
  tx: Tx,
  caller: Caller,
  token: string,
  stated: { readonly person: StatedPerson } | Rejection,
): Promise<Result<string, Problem>> {
  const open = await readChallenge(tx, token, caller.now)
  if (!open.ok) return open
  const fault = 'person' in stated ? faultOf(stated.person, open.value, caller.now) : null
  if (fault !== null) return no(fault)
  const answer =
    'person' in stated ? { person: clampToOurClock(stated.person, open.value, caller.now) } : stated
  if ('person' in stated && !(await holdEnabled(tx, stated.person.userId))) return no(USER_DISABLED)
  const verifier = mintToken('lv').reveal()
  if (!(await answerChallenge(tx, open.value.hash, answer, hashToken(verifier), caller.now)))
    return no(ANSWERED)
  if ('person' in stated) {
    const { userId, owners } = stated.person
    const detail = { user_id: userId, owners: owners.map(({ id }) => id) }
    await record(tx, caller, { action: 'login.accepted', target: { id: userId, ownerId: null }, detail })
  } else if (stated.isAudited) {
    await record(tx, caller, {
      action: 'login.rejected',
      target: { id: null, ownerId: null },
      detail: { reason: stated.rejectedReason },
    })
  }
  return yes(verifier)
}

/** Clock skew that is tolerated between the backend and us. */
const SKEW_MS = 5_000

function faultOf(person: StatedPerson, challenge: LoginChallenge, now: Date): Problem | null {
  // Without a value, last week's session would count as a sign-in of now.
  if (challenge.wantsFresh && person.authenticatedAt === null)
    return problem(
      'invalid_request',
      '`authenticated_at` is missing. `fresh_sign_in` is true: sign the user in again and send the time of that sign-in.',
      { faults: [{ at: '/authenticated_at', message: 'is missing.' }] },
    )
  const at = (person.authenticatedAt ?? now).getTime()
  if (at > now.getTime() + SKEW_MS)
    return problem(
      'invalid_request',
      `\`authenticated_at\` is in the future. Our clock says ${now.toISOString()}.`,
    )
  if (challenge.wantsFresh && at < challenge.createdAt.getTime() - SKEW_MS)
    return problem('sign_in_too_old', '`fresh_sign_in` is true: sign the user in again, then accept.')
  const ids = person.owners.map(({ id }) => id)
  return new Set(ids).size === ids.length
    ? null
    : problem('invalid_request', '`owners` has the same owner twice.')
}

/** Moves a time that is off by the tolerated skew into the range that our clock allows. */
function clampToOurClock(person: StatedPerson, { wantsFresh, createdAt }: LoginChallenge, now: Date): Person {
  const earliest = wantsFresh ? createdAt.getTime() : Number.NEGATIVE_INFINITY
  const at = Math.min(Math.max((person.authenticatedAt ?? now).getTime(), earliest), now.getTime())
  return { ...person, authenticatedAt: momentAt(at) }
}
