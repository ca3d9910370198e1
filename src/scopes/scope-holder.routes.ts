import type { FastifyInstance } from 'fastify'
import { no, yes } from '../base/result.ts'
import { NOT_FOUND } from '../http/problem.ts'
import { strictObject } from '../http/wire.ts'
import { type Pipeline, reads } from '../management/pipeline.ts'
import { allScopes } from './scope.store.ts'
import { ScopeName } from './scope.wire.ts'
import { clientsWithScope, keysWithScope } from './scope-holder.store.ts'
import { ScopeHoldersWire, toCountWire, toScopeHolderWire } from './scope-holder.wire.ts'

/** Keys and clients that a deprecation or a removal would reach. */
export function scopeHolderRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    id: 'listScopeHolders',
    method: 'GET',
    url: '/v1/scopes/:name/holders',
    permission: 'keys:read',
    tag: 'Scopes',
    withinEnvironments: true,
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
      keys: toCountWire(keys.count),
      clients: clients === null ? null : toCountWire(clients.count),
      implied_by: catalogue.filter(({ implies }) => implies.includes(name)).map((scope) => scope.name),
      data: [...keys.named, ...(clients?.named ?? [])].map(toScopeHolderWire),
    })
  })
}
