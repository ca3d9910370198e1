import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import { problem } from '../http/problem.ts'
import { Moment, strictObject, toMoment } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import type { ListenerCounts } from '../verification/changes.routes.ts'
import { arrivalOf } from './arrival.ts'
import { OwnReports, type OwnReportsParts } from './own-reports.ts'
import { ReportQueue } from './report-queue.ts'
import { findWitnessedChange, listVerifiers } from './verifier.store.ts'
import { notReportingOf } from './verifier.ts'
import {
  ArrivalWire,
  toArrivalWire,
  toVerifierReport,
  toVerifiersWire,
  VerifierReceiptWire,
  VerifierReportWire,
  VerifiersWire,
} from './verifier.wire.ts'

/** Verifiers of one server report a change within this time for each of them, so that reports are at most 100 a second. */
const MS_OF_LISTENER = 10
const [LEAST_PAUSE_MS, LONGEST_PAUSE_MS] = [1_000, 20_000]

const TOO_MANY = problem(
  'too_many_verifiers',
  'The list of verifiers is full. This one verifies all the same, and is not counted.',
  { retryAfterSeconds: 60 },
)

/** This server's own verifier, and what it tells of itself. */
export interface OwnVerifier extends Pick<OwnReportsParts, 'feed' | 'log' | 'name' | 'boundMs'> {
  readonly listeners: () => ListenerCounts
}

/** Verifiers, and where a change has arrived. Returns the reports of this server's own verifier, which begin here. */
export function verifierRoutes(app: FastifyInstance, pipeline: Pipeline, own: OwnVerifier): OwnReports {
  const { feed, listeners } = own
  const queue = new ReportQueue(pipeline.db)
  const notReporting = () => listeners().notReporting
  const ownReports = new OwnReports({ ...own, queue, clock: pipeline.clock, notReporting })
  feed.follow(ownReports)

  const report = {
    id: 'reportVerifier',
    method: 'POST',
    url: '/v1/verifier-reports',
    permission: 'verify',
    tag: 'Verification',
    summary: 'Which changes an SDK has applied to its cache; it reports after changes, and every ten seconds',
    body: VerifierReportWire,
    status: 200,
    answer: VerifierReceiptWire,
    problems: ['too_many_verifiers'],
  } as const
  reads(app, pipeline, report, async ({ caller, body }) => {
    if (!(await queue.add(toVerifierReport(body, caller)))) return no(TOO_MANY)
    const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, listeners().all * MS_OF_LISTENER))
    return yes({ report_every_ms: pauseMs })
  })

  const list = {
    id: 'listVerifiers',
    method: 'GET',
    url: '/v1/verifiers',
    permission: 'keys:read',
    tag: 'Verification',
    summary: 'The servers and SDKs that verify, and how far each has followed the changes',
    status: 200,
    answer: VerifiersWire,
    problems: ['owner_not_covered'],
  } as const
  reads(app, pipeline, list, async ({ db, caller: { reach, now } }) => {
    if (reach !== 'every_owner')
      return no(problem('owner_not_covered', 'Verifiers serve every owner, and you are bound to one.'))
    return yes(toVerifiersWire(await listVerifiers(db, now), now))
  })

  const arrival = {
    id: 'getArrival',
    method: 'GET',
    url: '/v1/arrival',
    permission: 'keys:read',
    withinEnvironments: true,
    tag: 'Verification',
    summary: 'Which verifiers have applied what was requested at a moment, such as the revocation of a key',
    query: strictObject({
      at: {
        ...Moment,
        description:
          'The moment as the API gives it: `revoked_at`, `disabled_at`, `suspended_at` of anything, or `at` of an audit event',
      },
    }),
    status: 200,
    answer: ArrivalWire,
  } as const
  reads(app, pipeline, arrival, async ({ db, caller: { reach, now }, query }) => {
    const at = toMoment(query.at)
    const found = await findWitnessedChange(db, at, now)
    if (found === null) return yes(toArrivalWire(at, null, false))
    const { committedBy, witnesses } = found
    const arrived = arrivalOf(at, committedBy, witnesses, now)
    const notReporting = notReportingOf(witnesses, now)
    return yes(toArrivalWire(at, { ...arrived, notReporting }, reach === 'every_owner'))
  })
  return ownReports
}
