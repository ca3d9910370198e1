import type { FastifyInstance } from 'fastify'
import { yes } from '../base/result.ts'
import type { ChangesFeed } from '../changes/changes-feed.ts'
import { ping } from '../db/ping.ts'
import { jobStates } from '../jobs/job.store.ts'
import type { Job } from '../jobs/job-runner.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { ChangeLag } from './change-lag.ts'
import { type Health, readOverview } from './overview.ts'
import { OverviewWire, toOverviewWire } from './overview.wire.ts'

export interface OverviewParts {
  readonly feed: ChangesFeed
  readonly jobs: readonly Job[]
}

/** The first screen: what happens, what needs attention, and how the server is. */
export function overviewRoutes(app: FastifyInstance, pipeline: Pipeline, parts: OverviewParts): void {
  const { db, clock } = pipeline
  const lag = new ChangeLag(() => clock.nowMs())
  parts.feed.follow(lag)
  const summaries = new Map(parts.jobs.map(({ name, summary }) => [name, summary]))
  const healthNow = async (): Promise<Health> => {
    const [startedAt, confirmedAtMs] = [clock.steadyMs(), parts.feed.confirmedAtMs]
    await ping(db)
    const databaseMs = clock.steadyMs() - startedAt
    const states = await jobStates(db, [...summaries.keys()])
    return {
      databaseMs,
      feedAgeMs: Number.isFinite(confirmedAtMs) ? clock.steadyMs() - confirmedAtMs : null,
      lag: lag.read(),
      jobs: states.map((state) => ({ ...state, summary: summaries.get(state.name) ?? '' })),
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
