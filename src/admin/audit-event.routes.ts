import type { FastifyInstance } from 'fastify'
import { listEvents } from '../audit/audit-event.store.ts'
import { verifyChain } from '../audit/verify-chain.ts'
import { no, yes } from '../base/result.ts'
import { problem } from '../http/problem.ts'
import { DEFAULT_LIMIT, pageWire } from '../http/wire.ts'
import {
  AuditEventWire,
  AuditQuery,
  ChainCheckWire,
  fromAuditQuery,
  toAuditEventWire,
} from './audit-event.wire.ts'
import { type Door, reads } from './management.ts'

const read = { method: 'GET', permission: 'audit:read', tag: 'Audit', status: 200 } as const

export function auditRoutes(app: FastifyInstance, door: Door): void {
  const list = {
    ...read,
    id: 'listAuditEvents',
    url: '/v1/audit-events',
    summary: 'What happened, newest first',
    query: AuditQuery,
    answer: pageWire(AuditEventWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, door, list, async ({ db, caller, query }) => {
    const { cursor, limit = DEFAULT_LIMIT } = query
    if (cursor !== undefined && !/^e\d{1,15}$/.test(cursor))
      return no(problem('invalid_cursor', 'Take `next_cursor` from the last answer as it is.'))
    const asked = fromAuditQuery(query)
    const ownerId = caller.reach === 'every_owner' ? asked.ownerId : caller.reach.ownerId
    // Another owner's events look just like none.
    if (asked.ownerId !== undefined && asked.ownerId !== ownerId) return yes({ data: [], next_cursor: null })
    const beforeSeq = cursor === undefined ? undefined : Number(cursor.slice(1))
    const found = await listEvents(db, { ...asked, ownerId, beforeSeq }, limit + 1)
    const rows = found.slice(0, limit)
    const more = found.length > limit ? rows.at(-1) : undefined
    return yes({ data: rows.map(toAuditEventWire), next_cursor: more === undefined ? null : `e${more.seq}` })
  })

  const verification = {
    ...read,
    id: 'verifyAuditChain',
    url: '/v1/audit-events/verification',
    summary: 'Walk the whole chain and name the first broken row',
    answer: ChainCheckWire,
  } as const
  reads(app, door, verification, async ({ db, caller }) => {
    if (caller.reach !== 'every_owner')
      return no(
        problem(
          'owner_not_covered',
          "The chain runs through every owner's events; your key is bound to one.",
        ),
      )
    const check = await verifyChain(db)
    return yes({
      intact: check.intact,
      events: check.events,
      head_hash: check.intact ? check.headHash : null,
      first_broken: check.intact ? null : check.firstBroken,
    })
  })
}
