import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { iso, Moment, nullable, oneOf, strictObject } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { allScopes } from './scope.store.ts'
import { ScopeName } from './scope.wire.ts'
import { COUNTED, clientsWithScope, keysWithScope, type ScopeHolder } from './scope-holder.store.ts'

const CountWire = Type.Object({
  count: Type.Integer(),
  at_least: Type.Boolean({
    description: `Whether there are more than ${COUNTED}: it was not counted further`,
  }),
})

export const ScopeHoldersWire = Type.Object({
  name: Type.String(),
  keys: CountWire,
  clients: nullable(CountWire),
  implied_by: Type.Array(Type.String(), { description: 'Scopes that imply it directly' }),
  data: Type.Array(
    Type.Object({
      kind: oneOf(['key', 'client']),
      id: Type.String(),
      name: Type.String(),
      hint: nullable(Type.String()),
      owner_id: nullable(Type.String()),
      environment: Type.String(),
      last_used_at: nullable(Moment),
    }),
    { description: 'At most 100 keys, those in use first, then at most 100 clients' },
  ),
})

/** Who a deprecation or a removal would reach. */
export function scopeHolderRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    id: 'listScopeHolders',
    method: 'GET',
    url: '/v1/scopes/:name/holders',
    permission: 'keys:read',
    tag: 'Scopes',
    summary: 'Keys and clients that have a scope: whom its deprecation reaches',
    params: strictObject({ name: ScopeName }),
    status: 200,
    answer: ScopeHoldersWire,
    problems: ['not_found'],
  } as const
  reads(app, pipeline, list, async ({ db, caller, params: { name } }) => {
    const catalogue = await allScopes(db)
    if (!catalogue.some((scope) => scope.name === name)) return no(NOT_FOUND)
    const keys = await keysWithScope(db, caller.reach, name, caller.now)
    const clients = caller.permissions.has('clients:read')
      ? await clientsWithScope(db, caller.reach, name)
      : null
    return yes({
      name,
      keys: countWire(keys.count),
      clients: clients === null ? null : countWire(clients.count),
      implied_by: catalogue.filter(({ implies }) => implies.includes(name)).map((scope) => scope.name),
      data: [...keys.named, ...(clients?.named ?? [])].map(toWire),
    })
  })
}

function countWire(count: number) {
  return { count: Math.min(count, COUNTED), at_least: count > COUNTED }
}

function toWire({ kind, id, name, hint, ownerId, environment, lastUsedAt }: ScopeHolder) {
  return { kind, id, name, hint, owner_id: ownerId, environment, last_used_at: iso(lastUsedAt) }
}
