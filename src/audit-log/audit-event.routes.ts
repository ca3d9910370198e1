import type { FastifyInstance } from 'fastify'
import { listEvents } from '../audit/audit-event.store.ts'
import { verifyChain } from '../audit/verify-chain.ts'
import { no, yes } from '../base/result.ts'
import { problem } from '../http/problem.ts'
import { DEFAULT_LIMIT, pageWire } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import {
  AuditEventWire,
  AuditQuery,
  ChainCheckWire,
  fromAuditQuery,
  toAuditEventWire,
  toChainCheckWire,
  VerificationQuery,
} from './audit-event.wire.ts'

const read = { method: 'GET', permission: 'audit:read', tag: 'Audit', status: 200 } as const

/** A walk of so many events takes some half a second. */
const EVENTS_AT_ONCE = 20_000

export function auditRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    ...read,
    id: 'listAuditEvents',
    url: '/v1/audit-events',
    summary: 'What happened, newest first',
    query: AuditQuery,
    answer: pageWire(AuditEventWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, query }) => {
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
    summary: `Walk the chain, ${EVENTS_AT_ONCE} events at a time, and name the first broken row`,
    query: VerificationQuery,
    answer: ChainCheckWire,
  } as const
  reads(app, pipeline, verification, async ({ db, caller, query }) => {
    if (caller.reach !== 'every_owner')
      return no(
        problem(
          'owner_not_covered',
          "The chain runs through every owner's events; your key is bound to one.",
        ),
      )
    const { after_seq: seq = 0, after_hash: hash } = query
    const after = { seq, hash: hash === undefined ? undefined : Buffer.from(hash, 'hex') }
    return yes(toChainCheckWire(await verifyChain(db, { after, limit: EVENTS_AT_ONCE })))
  })
}
