import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND, problem } from '../http/problem.ts'
import { findKey } from '../keys/key.store.ts'
import { covers, environmentsOf, reachOf } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { notOfOneEnvironment } from '../management/why-not-permitted.ts'
import { seriesOf } from './usage-series.store.ts'
import { axisOf, toUsageSeriesWire, UsageSeriesQuery, UsageSeriesWire } from './usage-series.wire.ts'

/** Usage for charts: few points, whatever the span. */
export function usageSeriesRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const series = {
    id: 'getUsageSeries',
    method: 'GET',
    url: '/v1/usage/series',
    permission: 'keys:read',
    withinEnvironments: true,
    tag: 'Verification',
    summary: 'Usage for a chart: by outcome or scope, of one key, one owner or all, in few points of time',
    query: UsageSeriesQuery,
    status: 200,
    answer: UsageSeriesWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, series, async ({ db, caller, query }) => {
    const { by = 'outcome', key_id: keyId, owner_id: ownerId } = query
    if (keyId !== undefined && ownerId !== undefined)
      return no(problem('invalid_request', 'Give `key_id` or `owner_id`, one of the two.'))
    const axis = axisOf(query, caller.now)
    if (!axis.ok) return axis
    if (keyId !== undefined) {
      if ((await findKey(db, caller.reach, keyId)) === undefined) return no(NOT_FOUND)
      return yes(toUsageSeriesWire(axis.value, await seriesOf(db, { keyId }, by, axis.value)))
    }
    if (environmentsOf(caller.reach) !== null) return no(notOfOneEnvironment(caller))
    // Hidden equals missing: another owner looks like one without counts.
    if (ownerId !== undefined && !covers(caller.reach, ownerId)) return yes(toUsageSeriesWire(axis.value, []))
    const reach = ownerId === undefined ? caller.reach : reachOf(ownerId, null)
    return yes(toUsageSeriesWire(axis.value, await seriesOf(db, { reach }, by, axis.value)))
  })
}
