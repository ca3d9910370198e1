import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { clientParams } from './client.routes.ts'
import { findClient } from './client.store.ts'
import { RefusedRequestWire, toRefusedRequestWire } from './refused-request.wire.ts'
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
    return yes({ data: (await refusalsOf(db, id)).map(toRefusedRequestWire) })
  })
}
