import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { iso, Moment, nullable } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { clientParams } from './client.routes.ts'
import { findClient } from './client.store.ts'
import { refusalsOf } from './refused-requests.store.ts'

/** Shows the developer of a client why the OAuth endpoints refused it. */
export function refusedRequestRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const refused = {
    id: 'listRefusedRequests',
    method: 'GET',
    url: '/v1/clients/:id/refused-requests',
    permission: 'clients:read',
    withinEnvironments: true,
    tag: 'Clients',
    summary: 'List why the OAuth endpoints refused a client, by reason, latest first. Up to ten seconds late',
    params: clientParams,
    status: 200,
    answer: Type.Object({ data: Type.Array(RefusedRequestWire) }),
    problems: ['not_found'],
  } as const
  reads(app, pipeline, refused, async ({ db, caller, params: { id } }) => {
    if ((await findClient(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    const counts = await refusalsOf(db, id)
    return yes({
      data: counts.map(({ endpoint, reason, count, lastAt, lastIp }) => ({
        endpoint,
        reason,
        count,
        last_at: iso(lastAt),
        last_ip: lastIp,
      })),
    })
  })
}

const RefusedRequestWire = Type.Object({
  endpoint: Type.String(),
  reason: Type.String(),
  count: Type.Integer(),
  last_at: Moment,
  last_ip: nullable(Type.String()),
})
