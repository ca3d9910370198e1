import type { FastifyInstance } from 'fastify'
import { yes } from '../base/result.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { listSoftware } from './client-software.store.ts'
import { ClientSoftwareWire, toClientSoftwareWire } from './client-software.wire.ts'

/** Groups clients that registered themselves: an app for agents registers once for each installation. */
export function clientSoftwareRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    id: 'listClientSoftware',
    method: 'GET',
    url: '/v1/client-software',
    permission: 'clients:read',
    withinEnvironments: true,
    tag: 'Clients',
    summary: 'Clients without pre-registration, grouped by software, most registrations first',
    status: 200,
    answer: ClientSoftwareWire,
  } as const
  reads(app, pipeline, list, async ({ db, caller }) => {
    const { rows, atLeast } = await listSoftware(db, caller.reach)
    return yes({ data: rows.map(toClientSoftwareWire), at_least: atLeast })
  })
}
