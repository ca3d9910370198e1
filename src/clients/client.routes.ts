import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { pageSorted } from '../http/cursor.ts'
import { NOT_FOUND, type Problem } from '../http/problem.ts'
import { pageWire, strictObject } from '../http/wire.ts'
import type { Caller } from '../management/caller.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { findClient } from './client.store.ts'
import type { ClientWithSecrets } from './client.ts'
import {
  ClientListQuery,
  ClientWire,
  fromNewClientWire,
  IssuedClientWire,
  NewClientWire,
  toClientWire,
  toIssuedClientWire,
} from './client.wire.ts'
import { listClients } from './client-list.store.ts'
import { clientSoftwareRoutes } from './client-software.routes.ts'
import { type ClientSettings, createClient } from './create-client.ts'

const tag = 'Clients'
/** `cli_…`, or the URL of a client's own document, percent-encoded. */
export const clientParams = strictObject({ id: Type.String({ pattern: '^[\\x21-\\x7e]{1,400}$' }) })

/** Creating and reading clients; the rest of a client's life is in `client-life.routes.ts`. */
export function clientRoutes(app: FastifyInstance, pipeline: Pipeline, mint: ClientSettings): void {
  clientSoftwareRoutes(app, pipeline)
  const create = {
    id: 'createClient',
    method: 'POST',
    url: '/v1/clients',
    permission: 'clients:write',
    withinEnvironments: true,
    tag,
    summary: 'Register an OAuth client; its secret is in this answer and never shown again',
    body: NewClientWire,
    status: 201,
    answer: IssuedClientWire,
    problems: [
      'owner_not_covered',
      'exceeds_authority',
      'unknown_environment',
      'unknown_scope',
      'deprecated_scope',
      'invalid_redirect_uri',
      'invalid_client_metadata',
      'owner_suspended',
      'too_many_clients',
      'fresh_proof_required',
    ],
    idempotent: true,
  } as const
  changes(app, pipeline, create, async ({ db, caller, body }) => {
    const asked = fromNewClientWire(body)
    if (!asked.ok) return asked
    const made = await createClient(db, caller, mint, asked.value)
    if (!made.ok) return made
    const { id, secret } = made.value
    return await answerClient(db, caller, id, (client) => toIssuedClientWire(client, secret, caller.now))
  })

  const list = {
    id: 'listClients',
    method: 'GET',
    url: '/v1/clients',
    permission: 'clients:read',
    withinEnvironments: true,
    tag,
    summary: 'OAuth clients, newest first or by name',
    query: ClientListQuery,
    status: 200,
    answer: pageWire(ClientWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, caller, query }) => {
    const { owner_id: ownerId, environment, state, source, q } = query
    const filter = { ownerId, environment, state, source, q }
    return pageSorted(
      query,
      (page) => listClients(db, caller.reach, filter, page),
      (client) => toClientWire(client, caller.now),
    )
  })

  const get = {
    id: 'getClient',
    hasEntityTag: true,
    method: 'GET',
    url: '/v1/clients/:id',
    permission: 'clients:read',
    withinEnvironments: true,
    tag,
    summary: 'One OAuth client, with its secrets by hint',
    params: clientParams,
    status: 200,
    answer: ClientWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, async ({ db, caller, params: { id } }) =>
    answerClient(db, caller, id, (client) => toClientWire(client, caller.now)),
  )
}

/** Reads the client again after a change, within the caller's reach. */
export async function answerClient<T>(
  db: Db,
  caller: Caller,
  id: string,
  toWire: (client: ClientWithSecrets) => T,
): Promise<Result<T, Problem>> {
  const client = await findClient(db, caller.reach, id)
  return client === undefined ? no(NOT_FOUND) : yes(toWire(client))
}
