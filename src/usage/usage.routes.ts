import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { idOf, OwnerId, strictObject } from '../http/wire.ts'
import { findKey } from '../keys/key.store.ts'
import { covers, reachOf } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { deadCredentialRoutes } from './dead-credential.routes.ts'
import type { ExplainParts } from './explain-credential.ts'
import { explanationRoutes } from './explanation.routes.ts'
import { keyUseRoutes } from './key-use.routes.ts'
import { lastRefusalsOfKey, lastUnknown } from './last-refusal.store.ts'
import { storeUsage } from './usage.store.ts'
import {
  KeyUsageWire,
  MAX_ROWS,
  readUsageBatch,
  TOO_MANY_ROWS,
  toKeyUsageWire,
  toUsageWire,
  UsageBatchWire,
  UsageQuery,
  UsageReceiptWire,
  UsageWire,
  windowOf,
} from './usage.wire.ts'
import { countsOfKey, totals } from './usage-report.store.ts'
import { usageSeriesRoutes } from './usage-series.routes.ts'

/** Fits the items of an SDK with long user agents. */
const MAX_BATCH_BYTES = 2 * 1024 * 1024

const read = { method: 'GET', permission: 'keys:read', status: 200 } as const

/** Usage as it is reported and shown, and what follows from it. */
export function usageRoutes(app: FastifyInstance, pipeline: Pipeline, parts: ExplainParts): void {
  usageSeriesRoutes(app, pipeline)
  keyUseRoutes(app, pipeline)
  deadCredentialRoutes(app, pipeline)
  explanationRoutes(app, pipeline, parts)

  const report = {
    id: 'reportUsage',
    method: 'POST',
    url: '/v1/usage-batches',
    permission: 'verify',
    tag: 'Verification',
    summary: 'Verifications that an SDK counted in its own process',
    body: UsageBatchWire,
    status: 200,
    answer: UsageReceiptWire,
    bodyLimit: MAX_BATCH_BYTES,
  } as const
  reads(app, pipeline, report, async ({ db, caller, body }) => {
    const { batch, faults } = readUsageBatch(body)
    await storeUsage(db, caller, batch)
    return yes({ not_taken: faults })
  })

  const ofKey = {
    ...read,
    id: 'getKeyUsage',
    withinEnvironments: true,
    url: '/v1/keys/:id/usage',
    tag: 'Keys',
    summary: 'How often a key was accepted and refused, by secret, scope and time',
    params: strictObject({ id: idOf('key') }),
    query: strictObject(UsageQuery),
    answer: KeyUsageWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, ofKey, async ({ db, caller, params: { id }, query }) => {
    const window = windowOf(query, caller.now)
    if (!window.ok) return window
    if ((await findKey(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    const counts = await countsOfKey(db, id, window.value, MAX_ROWS + 1)
    if (counts.length > MAX_ROWS) return no(TOO_MANY_ROWS)
    return yes(toKeyUsageWire(counts, await lastRefusalsOfKey(db, id)))
  })

  const ofAll = {
    ...read,
    id: 'getUsage',
    url: '/v1/usage',
    tag: 'Verification',
    summary: 'How often credentials were accepted and refused, by outcome and time, unknown ones included',
    query: strictObject({ ...UsageQuery, owner_id: Type.Optional(OwnerId) }),
    answer: UsageWire,
  } as const
  reads(app, pipeline, ofAll, async ({ db, caller, query: { owner_id: ownerId, ...asked } }) => {
    const window = windowOf(asked, caller.now)
    if (!window.ok) return window
    // Hidden equals missing: another owner looks like one without counts.
    if (ownerId !== undefined && !covers(caller.reach, ownerId)) return yes(toUsageWire([], undefined))
    const reach = ownerId === undefined ? caller.reach : reachOf(ownerId, null)
    const found = await totals(db, reach, window.value, MAX_ROWS + 1)
    if (found.length > MAX_ROWS) return no(TOO_MANY_ROWS)
    return yes(toUsageWire(found, reach === 'every_owner' ? await lastUnknown(db) : undefined))
  })
}
