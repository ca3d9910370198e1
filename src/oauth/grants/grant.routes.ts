import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, type Result, yes } from '../../base/result.ts'
import type { Db } from '../../db/schema.ts'
import { pageOf } from '../../http/cursor.ts'
import { NOT_FOUND, type Problem, problem } from '../../http/problem.ts'
import { Cursor, idOf, Limit, pageWire, plainText, strictObject, toMoment } from '../../http/wire.ts'
import type { Caller } from '../../management/caller.ts'
import { changes, type Pipeline, reads } from '../../management/pipeline.ts'
import { clientImpactRoutes } from './client-impact.routes.ts'
import { countUnrevoked, findGrant, listGrants, lockGrant } from './grant.store.ts'
import {
  GrantQuery,
  GrantStateWire,
  GrantWire,
  RevokedGrantsWire,
  RevokeGrantsWire,
  toGrantWire,
} from './grant.wire.ts'
import { reduceGrant, revokeGrant, revokeGrants } from './revoke-grant.ts'

const tag = 'Grants'
const params = strictObject({ id: idOf('grt') })
const one = {
  tag,
  params,
  status: 200,
  answer: GrantWire,
  permission: 'grants:write',
  method: 'POST',
} as const

/**
 * Grants of users to clients: read, reduced and revoked by the API provider, and by an owner's admin for that owner.
 */
export function grantRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  clientImpactRoutes(app, pipeline)
  const list = {
    id: 'listGrants',
    method: 'GET',
    url: '/v1/grants',
    permission: 'grants:read',
    tag,
    summary: 'List grants, newest first',
    query: strictObject({
      ...GrantQuery,
      state: Type.Optional(GrantStateWire),
      limit: Type.Optional(Limit),
      cursor: Type.Optional(Cursor),
    }),
    status: 200,
    answer: pageWire(GrantWire),
    problems: ['invalid_cursor'],
  } as const
  reads(app, pipeline, list, ({ db, caller, query }) => {
    const { user_id: userId, client_id: clientId, owner_id: ownerId, state } = query
    const filter = { userId, clientId, ownerId, states: state === undefined ? undefined : [state] }
    return pageOf(
      query,
      (page) => listGrants(db, caller.reach, filter, caller.now, page),
      (grant) => toGrantWire(grant, caller.now),
    )
  })

  const get = {
    ...one,
    id: 'getGrant',
    hasEntityTag: true,
    method: 'GET',
    url: '/v1/grants/:id',
    permission: 'grants:read',
    summary: 'Get one grant, with what the user saw',
    problems: ['not_found'],
  } as const
  reads(app, pipeline, get, ({ db, caller, params: { id } }) => answerGrant(db, caller, id))

  const reduce = {
    ...one,
    id: 'reduceGrant',
    method: 'PATCH',
    url: '/v1/grants/:id',
    summary: 'Remove scopes from a grant. Issued tokens lose them at once',
    body: strictObject({
      scopes: Type.Array(Type.String({ maxLength: 200 }), {
        uniqueItems: true,
        minItems: 1,
        maxItems: 200,
        description: 'The scopes that stay',
      }),
    }),
    problems: ['not_found', 'grant_revoked'],
  } as const
  changes(app, pipeline, reduce, async ({ db, caller, params: { id }, body: { scopes } }) => {
    if ((await findGrant(db, caller.reach, id)) === undefined) return no(NOT_FOUND)
    const grant = await lockGrant(db, id)
    if (grant === undefined)
      return no(problem('grant_revoked', 'The grant is revoked, so there is nothing to reduce.'))
    const done = await reduceGrant(db, caller, grant, scopes, caller.actor.id)
    return done.ok ? await answerGrant(db, caller, id) : done
  })

  const revoke = {
    ...one,
    id: 'revokeGrant',
    url: '/v1/grants/:id/revoke',
    summary: 'Revoke a grant with all its codes and tokens, at once',
    body: strictObject({ reason: plainText(300, 'Stored with the grant and in the audit log') }),
    problems: ['not_found'],
  } as const
  changes(app, pipeline, revoke, async ({ db, caller, params: { id }, body: { reason } }) => {
    const done = await revokeGrant(db, caller, id, reason)
    return done.ok ? await answerGrant(db, caller, id) : done
  })

  const revokeMany = {
    id: 'revokeGrants',
    isDangerous: true,
    method: 'POST',
    url: '/v1/grant-revocations',
    permission: 'grants:write',
    tag,
    summary:
      'Revoke all grants of a user, a client or an owner, or all from before a moment; up to 5,000 in a call',
    body: RevokeGrantsWire,
    status: 200,
    answer: RevokedGrantsWire,
  } as const
  changes(app, pipeline, revokeMany, async ({ db, caller, body }) => {
    const { user_id: userId, client_id: clientId, owner_id: ownerId, granted_before: before, reason } = body
    const filter = { userId, clientId, ownerId, before: toMoment(before) }
    if (Object.values(filter).every((part) => part === undefined))
      return no(
        problem('invalid_request', 'Name at least one of user_id, client_id, owner_id and granted_before.'),
      )
    const standing = await countUnrevoked(db, caller.reach, filter)
    if (body.dry_run === true) return yes({ revoked: standing, remaining: standing })
    const revoked = await revokeGrants(db, caller, filter, reason)
    return yes({ revoked, remaining: Math.max(0, standing - revoked) })
  })
}

async function answerGrant(db: Db, caller: Caller, id: string): Promise<Result<unknown, Problem>> {
  const grant = await findGrant(db, caller.reach, id)
  return grant === undefined ? no(NOT_FOUND) : yes(toGrantWire(grant, caller.now))
}
