import type { FastifyInstance } from 'fastify'
import { listEvents } from '../audit/audit-event.store.ts'
import { EVENTS_OF_WALK, verifyChain } from '../audit/verify-chain.ts'
import { no, yes } from '../base/result.ts'
import { type CursorCodec, pageWith } from '../http/cursor.ts'
import { problem } from '../http/problem.ts'
import { pageWire } from '../http/wire.ts'
import { ownerOf } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { withActorNames } from './actor-name.store.ts'
import { auditActionRoutes } from './audit-action.routes.ts'
import {
  AuditEventWire,
  AuditQuery,
  ChainCheckWire,
  fromAuditQuery,
  toAuditEventWire,
  toChainCheckWire,
  VerificationQuery,
} from './audit-event.wire.ts'
import { auditExportRoutes } from './audit-export.routes.ts'
import { refusedAttemptRoutes } from './refused-attempt.routes.ts'

const read = { method: 'GET', permission: 'audit:read', tag: 'Audit', status: 200 } as const

/** Position in the audit chain. */
const SEQUENCE_NUMBER: CursorCodec<number> = {
  write: (seq) => `e${seq}`,
  read: (cursor) => (/^e\d{1,15}$/.test(cursor) ? Number(cursor.slice(1)) : null),
}

export function auditRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  auditActionRoutes(app, pipeline)
  refusedAttemptRoutes(app, pipeline)
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
    const asked = fromAuditQuery(query)
    const ownerId = ownerOf(caller.reach) ?? asked.ownerId
    // Another owner's events look like no events.
    if (asked.ownerId !== undefined && asked.ownerId !== ownerId) return yes({ data: [], next_cursor: null })
    const find = async (seq: number | null, limit: number) =>
      await withActorNames(
        db,
        await listEvents(db, { ...asked, ownerId, beforeSeq: seq ?? undefined }, limit),
      )
    return await pageWith(SEQUENCE_NUMBER, query, find, toAuditEventWire, ({ seq }) => seq)
  })

  const verification = {
    ...read,
    id: 'verifyAuditChain',
    url: '/v1/audit-events/verification',
    summary: `Walk the chain, ${EVENTS_OF_WALK} events at a time, and name the first broken row`,
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
    return yes(toChainCheckWire(await verifyChain(db, { after, limit: EVENTS_OF_WALK })))
  })

  auditExportRoutes(app, pipeline)
}
