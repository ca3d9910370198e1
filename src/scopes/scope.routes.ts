import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import type { Db } from '../db/schema.ts'
import { NOT_FOUND, type Problem, problem } from '../http/problem.ts'
import { idOf, pageWire, strictObject } from '../http/wire.ts'
import { changes, type Pipeline, reads } from '../management/pipeline.ts'
import { changeApi, declareApi } from './declare-api.ts'
import { declareScopes } from './declare-scope.ts'
import { deprecateScope, removeScope } from './retire-scope.ts'
import { allApis, allScopes, lockCatalogue } from './scope.store.ts'
import { differs, type ScopeDeclaration } from './scope.ts'
import {
  ApiChangeWire,
  ApiWire,
  NewApiWire,
  NewScopeWire,
  ScopeChangeWire,
  ScopeName,
  ScopeWire,
  toApiWire,
  toScopeWire,
} from './scope.wire.ts'

const tag = 'Scopes'
const byName = strictObject({ name: ScopeName })
const apiById = strictObject({ id: idOf('api') })
// The catalogue is of no environment.
const read = { method: 'GET', permission: 'scopes:read', withinEnvironments: true, tag, status: 200 } as const
const write = { permission: 'scopes:write', tag } as const

export function scopeRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    ...read,
    id: 'listScopes',
    hasEntityTag: true,
    url: '/v1/scopes',
    summary: 'All scopes of the catalogue',
    answer: pageWire(ScopeWire),
  } as const
  reads(app, pipeline, list, async ({ db }) =>
    yes({ data: (await allScopes(db)).map(toScopeWire), next_cursor: null }),
  )

  const declare = {
    ...write,
    id: 'declareScope',
    method: 'POST',
    url: '/v1/scopes',
    summary: 'Declare a scope; repeating the same declaration changes nothing',
    body: NewScopeWire,
    status: 201,
    answer: ScopeWire,
    problems: ['unknown_scope', 'unknown_api', 'scope_exists'],
  } as const
  changes(app, pipeline, declare, async ({ db, caller, body }) => {
    const { api_id, sensitivity = 'basic', implies = [], ...scope } = body
    const api = await apiWith(db, api_id)
    if (!api.ok) return api
    const declaration: ScopeDeclaration = { ...scope, sensitivity, implies, apiId: api.value.id }
    const known = (await lockCatalogue(db)).find((each) => each.name === scope.name)
    if (known !== undefined && differs(known, declaration)) return no(EXISTS)
    const done = await declareScopes(db, caller, [declaration])
    return done.ok ? await scopeWith(db, scope.name) : done
  })

  const change = {
    ...write,
    id: 'changeScope',
    isDangerous: true,
    method: 'PATCH',
    url: '/v1/scopes/:name',
    summary: 'Change the description, sensitivity or implied scopes of a scope, or deprecate it',
    params: byName,
    body: ScopeChangeWire,
    status: 200,
    answer: ScopeWire,
    problems: ['not_found', 'unknown_scope', 'unknown_api'],
  } as const
  changes(app, pipeline, change, async ({ db, caller, params: { name }, body }) => {
    const { deprecated, api_id, ...said } = body
    // Locked before it is read: fields that are missing in this request are written back unchanged.
    const known = (await lockCatalogue(db)).find((each) => each.name === name)
    if (known === undefined) return no(NOT_FOUND)
    const api = await apiWith(db, api_id ?? known.apiId)
    if (!api.ok) return api
    const { description, sensitivity, implies } = { ...known, ...said }
    const done = await declareScopes(db, caller, [
      { name, description, sensitivity, implies, apiId: api.value.id },
    ])
    if (!done.ok) return done
    const then = deprecated === undefined ? yes(name) : await deprecateScope(db, caller, name, deprecated)
    return then.ok ? await scopeWith(db, name) : then
  })

  const remove = {
    ...write,
    id: 'removeScope',
    method: 'DELETE',
    url: '/v1/scopes/:name',
    summary: 'Remove a scope that is not in use',
    params: byName,
    status: 204,
    answer: Type.Null({ description: 'Removed' }),
    problems: ['not_found', 'scope_in_use'],
  } as const
  changes(app, pipeline, remove, async ({ db, caller, params: { name } }) => {
    const done = await removeScope(db, caller, name)
    return done.ok ? yes(null) : done
  })

  apiRoutes(app, pipeline)
}

function apiRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const list = {
    ...read,
    id: 'listApis',
    hasEntityTag: true,
    url: '/v1/apis',
    summary: 'The protected resources',
    answer: pageWire(ApiWire),
  } as const
  reads(app, pipeline, list, async ({ db }) =>
    yes({ data: (await allApis(db)).map(toApiWire), next_cursor: null }),
  )

  const declare = {
    ...write,
    id: 'declareApi',
    method: 'POST',
    url: '/v1/apis',
    summary: 'Declare a protected resource',
    body: NewApiWire,
    status: 201,
    answer: ApiWire,
    problems: ['api_in_use'],
  } as const
  changes(app, pipeline, declare, async ({ db, caller, body }) => {
    const done = await declareApi(db, caller, body)
    return done.ok ? await answerApi(db, done.value) : done
  })

  const change = {
    ...write,
    id: 'changeApi',
    method: 'PATCH',
    url: '/v1/apis/:id',
    summary: 'Rename an API, or give it another identifier',
    params: apiById,
    body: ApiChangeWire,
    status: 200,
    answer: ApiWire,
    problems: ['not_found', 'api_in_use'],
  } as const
  changes(app, pipeline, change, async ({ db, caller, params: { id }, body }) => {
    const done = await changeApi(db, caller, id, body)
    return done.ok ? await answerApi(db, id) : done
  })
}

const EXISTS = problem(
  'scope_exists',
  'It says something else. Change it by PATCH, so that nothing is lost unseen.',
)

/** The API with an id, or the default one. */
async function apiWith(db: Db, id: string | undefined) {
  const api = (await allApis(db)).find((each) => (id === undefined ? each.isDefault : each.id === id))
  return api === undefined
    ? no(problem('unknown_api', 'See GET /v1/apis for those that are declared.'))
    : yes(api)
}

async function answerApi(db: Db, id: string): Promise<Result<unknown, Problem>> {
  const api = await apiWith(db, id)
  return api.ok ? yes(toApiWire(api.value)) : no(NOT_FOUND)
}

async function scopeWith(db: Db, name: string): Promise<Result<unknown, Problem>> {
  const scope = (await allScopes(db)).find((each) => each.name === name)
  return scope === undefined ? no(NOT_FOUND) : yes(toScopeWire(scope))
}
