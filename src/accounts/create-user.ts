import type { Caller } from '../admin/caller.ts'
import { recordDone } from '../audit/audit-event.store.ts'
import { newId } from '../base/id.ts'
import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Passwords } from './prove-password.ts'
import { insertUser, setPasswordHash } from './user.store.ts'

export interface NewUser {
  readonly email: string
  readonly name: string
  /** Null: the user sets one, by a link. */
  readonly password: string | null
}

/** Makes a user. There is no other way to become one: nobody signs up by themselves. */
export async function createUser(
  tx: Tx,
  caller: Caller,
  passwords: Passwords,
  asked: NewUser,
): Promise<Result<string, Problem>> {
  const email = asked.email.toLowerCase()
  const { password } = asked
  const why = password === null ? null : await passwords.whyUnsuitable(password, email)
  if (why !== null) return no(problem('unsuitable_password', why))
  const id = newId('usr')
  if (!(await insertUser(tx, { id, email, name: asked.name, createdAt: caller.now })))
    return no(problem('user_exists', 'Find the user with `GET /v1/users?email=…`.'))
  if (password !== null) await setPasswordHash(tx, id, await passwords.hash(password), caller.now)
  await recordDone(tx, caller, 'user.created', { ownerId: null, targetId: id })
  return yes(id)
}
