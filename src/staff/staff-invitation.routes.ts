import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import { pageOf } from '../http/cursor.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { Cursor, Limit, pageWire, strictObject } from '../http/wire.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { inviteStaff, withdraw } from './invite-staff.ts'
import { pathOfLink } from './make-staff-link.ts'
import {
  InvitationId,
  InvitationWire,
  IssuedInvitationWire,
  NewInvitationWire,
  toInvitationWire,
} from './staff.wire.ts'
import { listInvitations } from './staff-link.store.ts'

const tag = 'Staff'

/** Routes over invitations of staff. */
export function staffInvitationRoutes(app: FastifyInstance, pipeline: Pipeline, publicUrl: string): void {
  const list = {
    id: 'listStaffInvitations',
    method: 'GET',
    url: '/v1/staff-invitations',
    permission: 'staff:read',
    tag,
    summary: 'Invitations that were not used yet, newest first',
    query: strictObject({ limit: Type.Optional(Limit), cursor: Type.Optional(Cursor) }),
    status: 200,
    answer: pageWire(InvitationWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, caller, query }) =>
    pageOf(query, (page) => listInvitations(db, caller.now, page), toInvitationWire),
  )

  const invite = {
    id: 'inviteStaff',
    method: 'POST',
    url: '/v1/staff-invitations',
    permission: 'staff:write',
    isDangerous: true,
    tag,
    summary: 'Invite a person with a role; the link works once, within three days, and replaces earlier ones',
    body: NewInvitationWire,
    status: 201,
    answer: IssuedInvitationWire,
    problems: ['exceeds_authority', 'staff_exists'],
    idempotent: true,
  } as const
  changes(app, pipeline, invite, async ({ db, caller, body }) => {
    const made = await inviteStaff(db, caller, body)
    if (!made.ok) return made
    const { link, token } = made.value
    return yes({ ...toInvitationWire(link), url: publicUrl + pathOfLink(token) })
  })

  const remove = {
    id: 'withdrawStaffInvitation',
    method: 'DELETE',
    url: '/v1/staff-invitations/:id',
    permission: 'staff:write',
    tag,
    summary: 'Withdraw an invitation: its link stops working',
    params: strictObject({ id: InvitationId }),
    status: 204,
    answer: Type.Null(),
    problems: ['not_found'],
  } as const
  changes(app, pipeline, remove, async ({ db, caller, params: { id } }) =>
    (await withdraw(db, caller, id)) ? yes(undefined) : no(NOT_FOUND),
  )
}
