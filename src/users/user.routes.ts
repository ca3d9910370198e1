import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import type { Tx } from '../db/schema.ts'
import { pageSorted } from '../http/cursor.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { iso, OwnerId, pageWire, strictObject } from '../http/wire.ts'
import { changes, changesPrepared, type Pipeline, reads } from '../management/pipeline.ts'
import { addMember, type EndWithMember, removeMember } from './change-members.ts'
import { createUser, hashNewPassword } from './create-user.ts'
import { USER_DISABLED } from './disable-user.ts'
import { holdEnabled } from './disabled-user.store.ts'
import type { Passwords } from './prove-password.ts'
import { makePasswordLink } from './set-password.ts'
import { findUser, listUsers } from './user.store.ts'
import {
  AnyUserId,
  NewUserAnswerWire,
  NewUserWire,
  PasswordLinkWire,
  toUserWire,
  UserId,
  UserListQuery,
  UserWire,
} from './user.wire.ts'

export interface UserParts {
  readonly passwords: Passwords
  /** Our URL of a path with built-in login; else the reason why there is none. */
  readonly signInHere: { readonly urlOf: (path: string) => string } | { readonly no: string }
  readonly endWithMember: EndWithMember
}

const tag = 'Users'
const params = strictObject({ id: UserId })
const read = { method: 'GET', permission: 'users:read', tag, status: 200 } as const
const make = { method: 'POST', permission: 'users:write', tag, status: 201, idempotent: true } as const
const member = {
  permission: 'members:write',
  tag,
  url: '/v1/owners/:id/members/:user_id',
  params: strictObject({ id: OwnerId, user_id: AnyUserId }),
  status: 204,
  answer: Type.Null(),
  problems: ['not_found'],
} as const

export function userRoutes(app: FastifyInstance, pipeline: Pipeline, parts: UserParts): void {
  const { passwords, signInHere, endWithMember } = parts

  const create = {
    ...make,
    id: 'createUser',
    isDangerous: true,
    url: '/v1/users',
    summary: 'Create a user, with a password or with a link to set one',
    body: NewUserWire,
    answer: NewUserAnswerWire,
    problems: ['user_exists', 'unsuitable_password', 'too_many_passwords', 'no_built_in_login'],
  } as const
  changesPrepared(
    app,
    pipeline,
    create,
    async ({ body: { email, password = null } }) =>
      'no' in signInHere
        ? no(problem('no_built_in_login', signInHere.no))
        : await hashNewPassword(passwords, email, password),
    async ({ db, caller, body: { email, name } }, passwordHash) => {
      const made = await createUser(db, caller, { email, name, passwordHash })
      if (!made.ok) return made
      const link = passwordHash === null ? await linkFor(db, made.value, caller.now) : null
      return await answerWith(db, made.value, (user) => ({ ...toUserWire(user), password_link: link }))
    },
  )

  const list = {
    ...read,
    id: 'listUsers',
    url: '/v1/users',
    summary: 'Users, newest first or by name',
    query: UserListQuery,
    answer: pageWire(UserWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, caller, query }) => {
    const { owner_id: ownerId, email, q, state } = query
    const filter = { ownerId, email, q, state }
    return pageSorted(query, (page) => listUsers(db, caller.reach, filter, page), toUserWire)
  })

  const get = {
    ...read,
    id: 'getUser',
    url: '/v1/users/:id',
    summary: 'One user',
    params,
    answer: UserWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, params: { id } }) => {
    const user = await findUser(db, caller.reach, id)
    return user === undefined ? no(NOT_FOUND) : yes(toUserWire(user))
  })

  const link = {
    ...make,
    id: 'createPasswordLink',
    isDangerous: true,
    url: '/v1/users/:id/password-link',
    summary: 'Create a one-time link with which a user sets a new password; earlier links stop working',
    params,
    answer: PasswordLinkWire,
    problems: ['not_found', 'no_built_in_login', 'user_disabled'],
  } as const
  changes(app, pipeline, link, async ({ db, caller, params: { id } }) => {
    if ('no' in signInHere) return no(problem('no_built_in_login', signInHere.no))
    if ((await findUser(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    if (!(await holdEnabled(db, id))) return no(USER_DISABLED)
    const made = await linkFor(db, id, caller.now)
    await record(db, caller, { action: 'password_link.created', target: { id, ownerId: null } })
    return yes(made)
  })

  const add = {
    ...member,
    id: 'addMember',
    isDangerous: true,
    method: 'PUT',
    summary: 'Let a user act for an owner',
  } as const
  changes(app, pipeline, add, ({ db, caller, params: { id, user_id } }) =>
    addMember(db, caller, { ownerId: id, userId: user_id }),
  )

  const remove = {
    ...member,
    id: 'removeMember',
    method: 'DELETE',
    summary: 'Remove a member; the grants that the user gave for the owner end at once',
  } as const
  changes(app, pipeline, remove, ({ db, caller, params: { id, user_id } }) =>
    removeMember(db, caller, { ownerId: id, userId: user_id }, endWithMember),
  )

  async function linkFor(tx: Tx, userId: string, now: Date) {
    const { token, expiresAt } = await makePasswordLink(tx, userId, now)
    const path = `/set-password?link=${token.reveal()}`
    return { url: 'no' in signInHere ? path : signInHere.urlOf(path), expires_at: iso(expiresAt) }
  }
}

async function answerWith<T>(
  db: Tx,
  id: string,
  toWire: (user: NonNullable<Awaited<ReturnType<typeof findUser>>>) => T,
): Promise<Result<T, Problem>> {
  const user = await findUser(db, 'every_owner', id)
  return user === undefined ? no(NOT_FOUND) : yes(toWire(user))
}
