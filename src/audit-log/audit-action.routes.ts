import type { FastifyInstance } from 'fastify'
import { allActions } from '../audit/audit-action.ts'
import { yes } from '../base/result.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { AuditActionsWire, toAuditActionWire } from './audit-action.wire.ts'

/** The closed table of audit actions, as programs read it. */
export function auditActionRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    method: 'GET',
    permission: 'audit:read',
    tag: 'Audit',
    status: 200,
    id: 'listAuditActions',
    url: '/v1/audit-actions',
    summary: 'All audit actions, and what the events of each hold',
    answer: AuditActionsWire,
  } as const
  reads(app, pipeline, list, async () => yes({ data: allActions().map(toAuditActionWire) }))
}
