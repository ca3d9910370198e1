import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { pageOf } from '../http/cursor.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { Cursor, Limit, pageWire, strictObject } from '../http/wire.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { changeRole, disableStaff, enableStaff, endStaffSessions, removeStaff } from './change-staff.ts'
import { resetFactors } from './factors/reset-factors.ts'
import { findStaff, listStaff } from './staff.store.ts'
import {
  EndedStaffSessionsWire,
  ReasonWire,
  StaffChangeWire,
  StaffId,
  StaffWire,
  toStaffWire,
} from './staff.wire.ts'
import { listStaffSessions } from './staff-session.store.ts'
import { StaffSessionWire, toStaffSessionWire } from './staff-session.wire.ts'

const tag = 'Staff'
const params = strictObject({ id: StaffId })
const page = strictObject({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) })
const read = { method: 'GET', permission: 'staff:read', tag, status: 200 } as const
const write = {
  method: 'POST',
  permission: 'staff:write',
  isDangerous: true,
  tag,
  params,
  status: 200,
  answer: StaffWire,
} as const

/** Routes over staff members: list, change, disable, remove; and their sessions. */
export function staffMemberRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    ...read,
    id: 'listStaff',
    url: '/v1/staff',
    summary: 'Staff, newest first',
    query: page,
    answer: pageWire(StaffWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, query }) => pageOf(query, (after) => listStaff(db, after), toStaffWire))

  const get = {
    ...read,
    id: 'getStaff',
    hasEntityTag: true,
    url: '/v1/staff/:id',
    summary: 'One staff member',
    params,
    answer: StaffWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, ({ db, params: { id } }) => answerStaff(db, id))

  const change = {
    ...write,
    id: 'changeStaff',
    method: 'PATCH',
    url: '/v1/staff/:id',
    summary: 'Change the role of a staff member, from the next request on',
    body: StaffChangeWire,
    problems: ['not_found', 'own_account', 'exceeds_authority', 'last_administrator'],
  } as const
  changes(app, pipeline, change, async ({ db, caller, params: { id }, body }) => {
    const done = await changeRole(db, caller, id, body.role)
    return done.ok ? await answerStaff(db, id) : done
  })

  const disable = {
    ...write,
    id: 'disableStaff',
    url: '/v1/staff/:id/disable',
    summary: 'Disable a staff member: no sign-in, and all sessions end',
    body: ReasonWire,
    problems: ['not_found', 'own_account', 'last_administrator'],
  } as const
  changes(app, pipeline, disable, async ({ db, caller, params: { id }, body }) => {
    const done = await disableStaff(db, caller, id, body.reason)
    return done.ok ? await answerStaff(db, id) : done
  })

  const enable = {
    ...write,
    id: 'enableStaff',
    url: '/v1/staff/:id/enable',
    summary: 'Let a disabled staff member sign in again',
    problems: ['not_found', 'own_account', 'exceeds_authority'],
  } as const
  changes(app, pipeline, enable, async ({ db, caller, params: { id } }) => {
    const done = await enableStaff(db, caller, id)
    return done.ok ? await answerStaff(db, id) : done
  })

  const remove = {
    ...write,
    id: 'removeStaff',
    url: '/v1/staff/:id/remove',
    summary: 'Remove a staff member for good',
    body: ReasonWire,
    status: 204,
    answer: Type.Null(),
    problems: ['not_found', 'own_account', 'last_administrator'],
  } as const
  changes(app, pipeline, remove, ({ db, caller, params: { id }, body }) =>
    removeStaff(db, caller, id, body.reason),
  )

  const reset = {
    ...write,
    id: 'resetStaffFactors',
    url: '/v1/staff/:id/reset-factors',
    summary: 'Remove the second factors of a staff member who has lost them, and end all sessions',
    problems: ['not_found', 'own_account', 'exceeds_authority'],
  } as const
  changes(app, pipeline, reset, async ({ db, caller, params: { id } }) => {
    const done = await resetFactors(db, caller, id)
    return done.ok ? await answerStaff(db, id) : done
  })

  const sessions = {
    ...read,
    id: 'listStaffSessions',
    url: '/v1/staff/:id/sessions',
    summary: 'Active sessions of a staff member, newest first',
    params,
    query: page,
    answer: pageWire(StaffSessionWire),
    problems: ['not_found', 'invalid_cursor'],
  } as const
  reads(app, pipeline, sessions, async ({ db, caller, params: { id }, query }) => {
    if ((await findStaff(db, id)) === undefined) return no(NOT_FOUND)
    return await pageOf(
      query,
      (after) => listStaffSessions(db, id, caller.now, after),
      (session) => toStaffSessionWire(session, null),
    )
  })

  const end = {
    ...write,
    id: 'endStaffSessions',
    url: '/v1/staff/:id/end-sessions',
    summary: 'End all sessions of a staff member',
    isDangerous: false,
    answer: EndedStaffSessionsWire,
    problems: ['not_found'],
  } as const
  changes(app, pipeline, end, async ({ db, caller, params: { id } }) => {
    const ended = await endStaffSessions(db, caller, id)
    return ended.ok ? yes({ ended: ended.value }) : ended
  })
}

async function answerStaff(db: Db, id: string): Promise<Result<unknown, Problem>> {
  const found = await findStaff(db, id)
  return found === undefined ? no(NOT_FOUND) : yes(toStaffWire(found))
}
