import type { Db } from '../db/schema.ts'
import type { Catalogue } from './catalogue.ts'
import { reachOf } from './reach.ts'
import { allApis, allScopes } from './scope.store.ts'

export async function readCatalogue(db: Db): Promise<Catalogue> {
  const [apis, scopes] = await Promise.all([allApis(db), allScopes(db)])
  const identifiers = new Map(apis.map(({ id, identifier }) => [id, identifier]))
  const reach = reachOf(scopes)
  return {
    apis: apis.map(({ identifier }) => identifier).sort(),
    apiOf: Object.fromEntries(scopes.map(({ name, apiId }) => [name, identifiers.get(apiId) ?? ''])),
    basic: new Set(scopes.flatMap(({ name }) => (reach.get(name)?.sensitivity === 'basic' ? [name] : []))),
    deprecated: new Set(scopes.flatMap(({ name, deprecatedAt }) => (deprecatedAt === null ? [] : [name]))),
    scopes: new Map(
      scopes.map(({ name, description, sensitivity }) => [
        name,
        { brings: [], sensitivity, ...reach.get(name), description },
      ]),
    ),
  }
}
