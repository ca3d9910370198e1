import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { BY_MANAGEMENT } from './password-queue.ts'
import type { Passwords } from './prove-password.ts'
import { insertUser, setPasswordHash } from './user.store.ts'

export interface NewUser {
  readonly email: string
  readonly name: string
  /** Null: the user sets a password by a link. */
  readonly passwordHash: string | null
}

/** Hashes a new user's password: half a second, too long for a transaction. @returns null without a password */
export async function hashNewPassword(
  passwords: Passwords,
  email: string,
  password: string | null,
): Promise<Result<string | null, Problem>> {
  if (password === null) return yes(null)
  const why = await passwords.whyUnsuitable(password, email.toLowerCase())
  if (why !== null) return no(problem('unsuitable_password', why))
  const hashed = await passwords.hash(BY_MANAGEMENT, password)
  return hashed.ok ? hashed : no(TOO_BUSY)
}

const TOO_BUSY = problem('too_many_passwords', 'Try again in a few seconds.', { retryAfterSeconds: 5 })

/** Creates a user. There is no self-service sign-up. */
export async function createUser(
  tx: Tx,
  caller: Caller,
  { email, name, passwordHash }: NewUser,
): Promise<Result<string, Problem>> {
  const id = newId('usr')
  if (!(await insertUser(tx, { id, email: email.toLowerCase(), name, createdAt: caller.now })))
    return no(problem('user_exists', 'Find the user with `GET /v1/users?email=…`.'))
  if (passwordHash !== null) await setPasswordHash(tx, id, passwordHash, caller.now)
  await record(tx, caller, { action: 'user.created', target: { id, ownerId: null } })
  return yes(id)
}
