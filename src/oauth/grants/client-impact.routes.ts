import type { FastifyInstance } from 'fastify'
import { addSeconds } from '../../base/clock.ts'
import { no, yes } from '../../base/result.ts'
import { clientParams } from '../../clients/client.routes.ts'
import { findClient } from '../../clients/client.store.ts'
import { NOT_FOUND } from '../../http/problem.ts'
import { ownerOf } from '../../management/caller.ts'
import { type Pipeline, reads } from '../../management/pipeline.ts'
import { impactOf } from './client-impact.store.ts'
import { ClientImpactWire, toClientImpactWire } from './client-impact.wire.ts'

/** Shows whom it hits, before a client is suspended or revoked. */
export function clientImpactRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const impact = {
    id: 'getClientImpact',
    method: 'GET',
    url: '/v1/clients/:id/impact',
    permission: 'clients:read',
    withinEnvironments: true,
    tag: 'Clients',
    summary: 'Count the users and grants that a suspension of a client hits',
    params: clientParams,
    status: 200,
    answer: ClientImpactWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, impact, async ({ db, caller, params: { id } }) => {
    if ((await findClient(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    const { now } = caller
    const ownerId = ownerOf(caller.reach)
    const found = await impactOf(db, { clientId: id, ownerId, now, since: addSeconds(now, -86_400) })
    return yes(toClientImpactWire(found))
  })
}
