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

/** The challenge that the API provider's backend asks about, while it is open. */
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

/** Whom the API provider's backend names. */
export interface ToldPerson extends Omit<Person, 'authenticatedAt'> {
  /** Null: it does not say. */
  readonly authenticatedAt: Date | null
}

const EXPIRED = problem(
  'login_challenge_expired',
  'It lives for 15 minutes. Let the person start again from the app.',
)
const ANSWERED = problem('login_challenge_answered', 'The first answer stands. Nothing was changed.')

/**
 * Says who is signing in, or that nobody is. Once: of racing answers one counts.
 *
 * @returns the verifier, with which the browser that made the challenge, and no other, goes on
 */
export async function answer(
  tx: Tx,
  caller: Caller,
  token: string,
  said: { readonly person: ToldPerson } | { readonly rejectedReason: string },
): Promise<Result<string, Problem>> {
  const open = await readChallenge(tx, token, caller.now)
  if (!open.ok) return open
  const fault = 'person' in said ? faultOf(said.person, open.value, caller.now) : null
  if (fault !== null) return no(fault)
  const told = 'person' in said ? { person: onOurClock(said.person, open.value, caller.now) } : said
  if ('person' in said && !(await holdEnabled(tx, said.person.userId))) return no(USER_DISABLED)
  const verifier = mintToken('lv').reveal()
  if (!(await answerChallenge(tx, open.value.hash, told, hashToken(verifier), caller.now)))
    return no(ANSWERED)
  if ('person' in said) {
    const { userId, owners } = said.person
    const detail = { user_id: userId, owners: owners.map(({ id }) => id) }
    await record(tx, caller, { action: 'login.accepted', target: { id: userId, ownerId: null }, detail })
  } else {
    await record(tx, caller, {
      action: 'login.rejected',
      target: { id: null, ownerId: null },
      detail: { reason: said.rejectedReason },
    })
  }
  return yes(verifier)
}

/** Clocks of two machines are a little apart. */
const SKEW_MS = 5_000

function faultOf(person: ToldPerson, challenge: LoginChallenge, now: Date): Problem | null {
  // Silence would turn a session of last week into a sign-in of now.
  if (challenge.wantsFresh && person.authenticatedAt === null)
    return problem(
      'invalid_request',
      '`authenticated_at` is missing. `fresh_sign_in` is true: let the person sign in, and say when they did.',
      { faults: [{ at: '/authenticated_at', message: 'is missing.' }] },
    )
  const at = (person.authenticatedAt ?? now).getTime()
  if (at > now.getTime() + SKEW_MS)
    return problem(
      'invalid_request',
      `\`authenticated_at\` is in the future. It is ${now.toISOString()} here.`,
    )
  if (challenge.wantsFresh && at < challenge.createdAt.getTime() - SKEW_MS)
    return problem(
      'sign_in_too_old',
      'The app asks that the person signs in anew: `fresh_sign_in` is true. Let them, and then accept.',
    )
  const ids = person.owners.map(({ id }) => id)
  return new Set(ids).size === ids.length ? null : problem('invalid_request', '`owners` names one twice.')
}

/** Within the skew, what cannot be by our clock is moved to where it can. */
function onOurClock(person: ToldPerson, { wantsFresh, createdAt }: LoginChallenge, now: Date): Person {
  const earliest = wantsFresh ? createdAt.getTime() : Number.NEGATIVE_INFINITY
  const at = Math.min(Math.max((person.authenticatedAt ?? now).getTime(), earliest), now.getTime())
  return { ...person, authenticatedAt: momentAt(at) }
}
