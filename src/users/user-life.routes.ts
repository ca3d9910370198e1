import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { pageOf } from '../http/cursor.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { Cursor, iso, Limit, pageWire, strictObject } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { endAllSessions, endOneSession } from '../sessions/end-sessions.ts'
import { listSessions } from '../sessions/session.store.ts'
import { EndedSessionsWire, SessionId, SessionWire, toSessionWire } from '../sessions/session.wire.ts'
import { disableUser, type EndWithUser, enableUser } from './disable-user.ts'
import { findUser } from './user.store.ts'
import { AnyUserId, DisableWire, UserStateWire } from './user.wire.ts'

export interface UserLifeParts {
  /** True with an external login: then any id may be a user's, and none is unknown. */
  readonly usersElsewhere: boolean
  readonly endWithUser: EndWithUser
}

const params = strictObject({ id: AnyUserId })
const common = { tag: 'Users', params, status: 200, problems: ['not_found'] } as const
const write = { ...common, permission: 'users:disable' } as const

/** Disabling and sessions of users, ours and those of the external login. */
export function userLifeRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  { usersElsewhere, endWithUser }: UserLifeParts,
): void {
  const disable = {
    ...write,
    id: 'disableUser',
    method: 'POST',
    url: '/v1/users/:id/disable',
    summary: 'Disable a user: no sign-in; sessions, password links and grants end at once and stay ended',
    body: DisableWire,
    answer: UserStateWire,
  } as const
  changes(app, pipeline, disable, async ({ db, caller, params: { id }, body: { reason } }) => {
    if (!(await isKnown(db, caller, id))) return no(NOT_FOUND)
    const disabled = await disableUser(db, caller, { userId: id, reason }, endWithUser)
    return yes({ id, disabled_at: iso(disabled.disabledAt), disabled_reason: disabled.reason })
  })

  const enable = {
    ...write,
    id: 'enableUser',
    isDangerous: true,
    method: 'POST',
    url: '/v1/users/:id/enable',
    summary: 'Enable a user: sign-in works again; what ended with disabling stays ended',
    answer: UserStateWire,
  } as const
  changes(app, pipeline, enable, async ({ db, caller, params: { id } }) => {
    if (!(await isKnown(db, caller, id))) return no(NOT_FOUND)
    await enableUser(db, caller, id)
    return yes({ id, disabled_at: null, disabled_reason: null })
  })

  const list = {
    ...common,
    id: 'listSessions',
    method: 'GET',
    url: '/v1/users/:id/sessions',
    permission: 'users:read',
    summary: 'Active sessions of a user, newest first',
    query: strictObject({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    answer: pageWire(SessionWire),
    problems: ['not_found', 'invalid_cursor'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, params: { id }, query }) => {
    if (!(await isKnown(db, caller, id))) return no(NOT_FOUND)
    return await pageOf(query, (page) => listSessions(db, id, caller.now, page), toSessionWire)
  })

  const endAll = {
    ...write,
    id: 'endSessions',
    method: 'DELETE',
    url: '/v1/users/:id/sessions',
    summary: 'End all sessions of a user',
    answer: EndedSessionsWire,
  } as const
  changes(app, pipeline, endAll, async ({ db, caller, params: { id } }) => {
    if (!(await isKnown(db, caller, id))) return no(NOT_FOUND)
    return yes({ ended: await endAllSessions(db, caller, id) })
  })

  const endOne = {
    ...write,
    id: 'endSession',
    method: 'DELETE',
    url: '/v1/users/:id/sessions/:session_id',
    params: strictObject({ id: AnyUserId, session_id: SessionId }),
    summary: 'End one session of a user',
    status: 204,
    answer: Type.Null(),
  } as const
  changes(app, pipeline, endOne, ({ db, caller, params: { id, session_id } }) =>
    endOneSession(db, caller, { id: session_id, userId: id }),
  )

  async function isKnown(db: Db, { reach }: Caller, id: string): Promise<boolean> {
    return (usersElsewhere && reach === 'every_owner') || (await findUser(db, reach, id)) !== undefined
  }
}
