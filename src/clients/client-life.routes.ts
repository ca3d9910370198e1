import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { plainText, strictObject } from '../http/wire.ts'
import { changes, type Pipeline } from '../management/pipeline.ts'
import { OverlapSeconds } from '../secrets/secret.wire.ts'
import { changeClient } from './change-client.ts'
import { answerClient, clientParams } from './client.routes.ts'
import {
  ClientChangeWire,
  ClientWire,
  fromClientChangeWire,
  IssuedClientWire,
  toClientWire,
  toIssuedClientWire,
} from './client.wire.ts'
import type { ClientSettings } from './create-client.ts'
import { publishClient } from './publish-client.ts'
import { refusedRequestRoutes } from './refused-request.routes.ts'
import { finishClientRotation, rotateClient, undoClientRotation } from './rotate-client.ts'
import { type RevokeGrants, resumeClient, revokeClient, suspendClient } from './suspend-client.ts'

const write = {
  method: 'POST',
  permission: 'clients:write',
  withinEnvironments: true,
  tag: 'Clients',
  params: clientParams,
  status: 200,
  answer: ClientWire,
} as const

/** The life of a registered client: change, publish, suspend, resume, rotate, revoke. */
export function clientLifeRoutes(
  app: FastifyInstance,
  pipeline: Pipeline,
  { revokeGrants, ...mint }: ClientSettings & { readonly revokeGrants: RevokeGrants },
): void {
  refusedRequestRoutes(app, pipeline)
  const change = {
    ...write,
    id: 'changeClient',
    method: 'PATCH',
    url: '/v1/clients/:id',
    summary: 'Change what is said of a client; another way to prove itself ends its secrets',
    body: ClientChangeWire,
    problems: [
      'not_found',
      'client_revoked',
      'exceeds_authority',
      'unknown_scope',
      'deprecated_scope',
      'invalid_redirect_uri',
      'invalid_client_metadata',
      'fresh_proof_required',
    ],
  } as const
  changes(app, pipeline, change, async ({ db, caller, params: { id }, body }) => {
    const wish = fromClientChangeWire(body)
    if (!wish.ok) return wish
    const done = await changeClient(db, caller, id, wish.value, mint.privateSchemes)
    return done.ok ? await answerClient(db, caller, id, (client) => toClientWire(client, caller.now)) : done
  })

  const simple = [
    { id: 'publishClient', verb: 'publish', summary: 'Let every user authorize a draft', act: publishClient },
    {
      id: 'resumeClient',
      verb: 'resume',
      summary: 'Let a suspended client work again',
      act: resumeClient,
      permission: 'clients:revoke',
      isDangerous: true,
      problems: ['exceeds_authority'],
    },
    {
      id: 'finishClientRotation',
      verb: 'rotation/finish',
      summary: 'End the overlap now: only the new secret works',
      act: finishClientRotation,
      problems: ['client_without_secret', 'no_rotation'],
    },
    {
      id: 'undoClientRotation',
      verb: 'rotation/undo',
      summary: 'Take the new secret back while nobody has used it',
      act: undoClientRotation,
      problems: ['client_without_secret', 'no_rotation', 'rotation_in_use'],
    },
  ] as const
  for (const { id: operationId, verb, summary, act, ...more } of simple) {
    const problems = ['not_found', 'client_revoked', ...('problems' in more ? more.problems : [])] as const
    const operation = {
      ...write,
      ...('permission' in more ? { permission: more.permission } : {}),
      ...('isDangerous' in more ? { isDangerous: more.isDangerous } : {}),
      id: operationId,
      url: `/v1/clients/:id/${verb}`,
      summary,
      problems,
    } as const
    changes(app, pipeline, operation, async ({ db, caller, params: { id } }) => {
      const done = await act(db, caller, id)
      return done.ok ? await answerClient(db, caller, id, (client) => toClientWire(client, caller.now)) : done
    })
  }

  const suspend = {
    ...write,
    id: 'suspendClient',
    permission: 'clients:revoke',
    url: '/v1/clients/:id/suspend',
    summary: 'Stop a client everywhere at once, until it is resumed',
    body: strictObject({ reason: plainText(500, 'For the audit log') }),
    problems: ['not_found', 'client_revoked'],
  } as const
  changes(app, pipeline, suspend, async ({ db, caller, params: { id }, body }) => {
    const done = await suspendClient(db, caller, id, body.reason)
    return done.ok ? await answerClient(db, caller, id, (client) => toClientWire(client, caller.now)) : done
  })

  const revoke = {
    ...write,
    id: 'revokeClient',
    isDangerous: true,
    permission: 'clients:revoke',
    url: '/v1/clients/:id/revoke',
    summary: 'End a client for good, with its secrets and all that was granted to it',
    body: strictObject({ reason: Type.Optional(plainText(500, 'For the audit log')) }),
    problems: ['not_found'],
  } as const
  changes(app, pipeline, revoke, async ({ db, caller, params: { id }, body }) => {
    const done = await revokeClient(db, caller, id, body.reason ?? 'no reason given', revokeGrants)
    return done.ok ? await answerClient(db, caller, id, (client) => toClientWire(client, caller.now)) : done
  })

  const rotate = {
    ...write,
    id: 'rotateClient',
    url: '/v1/clients/:id/rotate',
    summary: 'Give a client a second secret; the old one retires when the overlap ends',
    body: strictObject({ overlap_seconds: Type.Optional(OverlapSeconds) }),
    answer: IssuedClientWire,
    problems: [
      'not_found',
      'client_revoked',
      'client_without_secret',
      'rotation_running',
      'overlap_too_long',
    ],
    idempotent: true,
  } as const
  changes(app, pipeline, rotate, async ({ db, caller, params: { id }, body }) => {
    const made = await rotateClient(db, caller, mint, id, body.overlap_seconds)
    if (!made.ok) return made
    const { secret } = made.value
    return await answerClient(db, caller, id, (client) => toIssuedClientWire(client, secret, caller.now))
  })
}
