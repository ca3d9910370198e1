import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { hashToken } from '../base/one-time-token.ts'
import { no, yes } from '../base/result.ts'
import { pageOf } from '../http/cursor.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { Cursor, Limit, pageWire, strictObject } from '../http/wire.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { endOwnSession } from './end-own-session.ts'
import { listStaffSessions, sessionByHash } from './staff-session.store.ts'
import {
  type Installation,
  OwnSessionWire,
  StaffSessionId,
  StaffSessionWire,
  toOwnSessionWire,
  toStaffSessionWire,
} from './staff-session.wire.ts'

const common = { permission: 'self:session', tag: 'Staff session' } as const

/** Operations of signed-in staff on their own session. */
export function staffSessionRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  installation: Installation,
): void {
  const get = {
    ...common,
    id: 'getOwnSession',
    method: 'GET',
    url: '/v1/session',
    summary: 'Who is signed in here, with which permissions and factors',
    status: 200,
    answer: OwnSessionWire,
  } as const
  reads(app, pipeline, get, async ({ db, caller, presented }) => {
    const own = await sessionByHash(db, hashToken(presented.reveal()), caller.now)
    if (own === undefined) return no(NOT_FOUND)
    return yes(toOwnSessionWire(own, caller, installation, await installation.branding.named()))
  })

  const end = {
    ...common,
    id: 'endOwnSession',
    method: 'DELETE',
    url: '/v1/session',
    summary: 'Sign out here',
    status: 204,
    answer: Type.Null(),
  } as const
  changes(app, pipeline, end, async ({ db, caller, presented }) => {
    const own = await sessionByHash(db, hashToken(presented.reveal()), caller.now)
    return own === undefined ? yes(undefined) : await endOwnSession(db, caller, own.session.id)
  })

  const list = {
    ...common,
    id: 'listOwnSessions',
    method: 'GET',
    url: '/v1/session/sessions',
    summary: 'Where you are signed in, newest first',
    query: strictObject({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    status: 200,
    answer: pageWire(StaffSessionWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, presented, query }) => {
    const own = await sessionByHash(db, hashToken(presented.reveal()), caller.now)
    return await pageOf(
      query,
      (page) => listStaffSessions(db, caller.actor.id, caller.now, page),
      (session) => toStaffSessionWire(session, own?.session.id ?? null),
    )
  })

  const endOther = {
    ...common,
    id: 'endOtherOwnSession',
    method: 'DELETE',
    url: '/v1/session/sessions/:id',
    params: strictObject({ id: StaffSessionId }),
    summary: 'End one of your sessions',
    status: 204,
    answer: Type.Null(),
    problems: ['not_found'],
  } as const
  changes(app, pipeline, endOther, ({ db, caller, params: { id } }) => endOwnSession(db, caller, id))
}
