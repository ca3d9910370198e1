import type { FastifyInstance } from 'fastify'
import type { Period } from '../audit/audit-event.store.ts'
import { no, type Result, yes } from '../base/result.ts'
import { record } from '../changes/record.ts'
import { pageWith } from '../http/cursor.ts'
import { type Problem, problem } from '../http/problem.ts'
import type { Caller } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import type { ConfiguredPolicy } from '../owners/policy.ts'
import {
  EVENT_POSITION,
  EvidencePageWire,
  EvidenceQuery,
  EvidenceWire,
  SectionParams,
  SectionQuery,
  toEvidenceEventWire,
  toEvidenceWire,
  toPeriod,
} from './evidence.wire.ts'
import { eventsOfSection, readEvidence } from './read-evidence.ts'
import { subjectsOf } from './subject.store.ts'

const read = { method: 'GET', permission: 'audit:read', tag: 'Audit', status: 200 } as const

/** Evidence for auditors: what happened to credentials, policies and staff in a period. */
export function evidenceRoutes(app: FastifyInstance, pipeline: Pipeline, configured: ConfiguredPolicy): void {
  const make = {
    ...read,
    id: 'getEvidence',
    url: '/v1/evidence',
    summary:
      'Evidence of a period for auditors: policies, credentials, staff, exceptions and the audit chain',
    query: EvidenceQuery,
    answer: EvidenceWire,
    problems: ['owner_not_covered'],
  } as const
  reads(app, pipeline, make, async ({ db, caller, query }) => {
    const period = periodFor(caller, query)
    if (!period.ok) return period
    const { from, to } = period.value
    await db.transaction().execute((tx) =>
      record(tx, caller, {
        action: 'evidence.created',
        target: { id: null, ownerId: null },
        detail: { from: from.toISOString(), to: to.toISOString() },
      }),
    )
    const { id } = caller.actor
    const name = (await subjectsOf(db, [{ action: 'evidence.created', targetId: id }])).get(id)?.name
    return yes(
      toEvidenceWire(await readEvidence(db, configured, period.value), period.value, caller, name ?? null),
    )
  })

  const list = {
    ...read,
    id: 'listEvidence',
    url: '/v1/evidence/:section',
    summary: 'The events of one section of the evidence of a period, oldest first',
    params: SectionParams,
    query: SectionQuery,
    answer: EvidencePageWire,
    problems: ['invalid_cursor', 'owner_not_covered'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, params: { section }, query }) => {
    const period = periodFor(caller, query)
    if (!period.ok) return period
    return await pageWith(
      EVENT_POSITION,
      query,
      (after, limit) => eventsOfSection(db, section, period.value, after, limit),
      toEvidenceEventWire,
      ({ event }) => event,
    )
  })
}

/** The period that a caller asks about. What is reported belongs to all owners, so the caller must be bound to none. */
function periodFor(caller: Caller, query: Parameters<typeof toPeriod>[0]): Result<Period, Problem> {
  if (caller.reach !== 'every_owner')
    return no(problem('owner_not_covered', 'The evidence is about every owner; your key is bound to one.'))
  const period = toPeriod(query, caller.now)
  return period === null
    ? no(problem('invalid_request', '`from` must be before `to`, and in the past.'))
    : yes(period)
}
