import type { FastifyInstance } from 'fastify'
import type { JobLog } from '../base/job-log.ts'
import { yes } from '../base/result.ts'
import type { ChangesFeed } from '../changes/changes-feed.ts'
import { ping } from '../db/ping.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { ChangeLag } from './change-lag.ts'
import { type Health, readOverview } from './overview.ts'
import { OverviewWire, toOverviewWire } from './overview.wire.ts'

export interface OverviewParts {
  readonly feed: ChangesFeed
  /** Null where this process does no housekeeping. */
  readonly jobs: JobLog | null
}

/** The first screen: what happens, what needs attention, and how the server is. */
export function overviewRoutes(app: FastifyInstance, pipeline: Pipeline, parts: OverviewParts): void {
  const { db, clock } = pipeline
  const lag = new ChangeLag(() => clock.nowMs())
  parts.feed.follow(lag)
  const healthNow = async (): Promise<Health> => {
    const [startedAt, confirmedAtMs] = [clock.steadyMs(), parts.feed.confirmedAtMs]
    await ping(db)
    return {
      databaseMs: clock.steadyMs() - startedAt,
      feedAgeMs: Number.isFinite(confirmedAtMs) ? clock.steadyMs() - confirmedAtMs : null,
      lag: lag.read(),
      jobs: parts.jobs?.states ?? null,
    }
  }

  const overview = {
    id: 'getOverview',
    method: 'GET',
    url: '/v1/overview',
    permission: 'keys:read',
    withinEnvironments: true,
    tag: 'Keys',
    summary: 'Verdicts of the last day, keys by state, age and expiry, what needs attention, and health',
    status: 200,
    answer: OverviewWire,
  } as const
  reads(app, pipeline, overview, async ({ caller: { reach, now } }) => {
    const found = await readOverview(db, reach, now)
    return yes(toOverviewWire(found, reach === 'every_owner' ? await healthNow() : null, now))
  })
}
