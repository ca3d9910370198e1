import type { FastifyInstance } from 'fastify'
import { addSeconds } from '../base/clock.ts'
import { yes } from '../base/result.ts'
import { pageOfWalk } from '../http/cursor.ts'
import { toMoment } from '../http/wire.ts'
import { covers, environmentsOf, reachOf } from '../management/caller.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { deadCredentials } from './dead-credential.store.ts'
import { DeadCredentialPage, DeadCredentialQuery, toDeadCredentialWire } from './dead-credential.wire.ts'

const DEFAULT_SECONDS = 7 * 24 * 3600

/** Dead credentials in use: calls with a secret that has ended, by which an operator finds the forgotten server. */
export function deadCredentialRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    id: 'listDeadCredentials',
    method: 'GET',
    url: '/v1/dead-credentials',
    permission: 'keys:read',
    withinEnvironments: true,
    tag: 'Keys',
    summary: 'Secrets of keys that have ended or are stopped, and are presented all the same; latest first',
    query: DeadCredentialQuery,
    status: 200,
    answer: DeadCredentialPage,
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, async ({ db, caller: { reach, now }, query }) => {
    const { owner_id: ownerId } = query
    if (ownerId !== undefined && !covers(reach, ownerId)) return yes({ data: [], next_cursor: null })
    const since = query.since === undefined ? addSeconds(now, -DEFAULT_SECONDS) : toMoment(query.since)
    const within = ownerId === undefined ? reach : reachOf(ownerId, environmentsOf(reach))
    return await pageOfWalk(
      query,
      (page) => deadCredentials(db, within, { ...page, since, now }),
      toDeadCredentialWire,
      ({ lastAt, secretId, reason }) => ({ at: lastAt, id: `${secretId}.${reason}` }),
    )
  })
}
