import type { Db } from '../db/schema.ts'
import type { Sensitivity } from '../scopes/scope.ts'
import type { Catalogue } from './known-scopes.ts'

export async function readCatalogue(db: Db): Promise<Catalogue> {
  const [apis, scopes] = await Promise.all([
    db.selectFrom('apis').select('identifier').orderBy('identifier').execute(),
    db
      .selectFrom('scopes')
      .innerJoin('apis', 'apis.id', 'scopes.api_id')
      .select([
        'scopes.name',
        'scopes.description',
        'scopes.sensitivity',
        'scopes.deprecated_at',
        'apis.identifier',
      ])
      .orderBy('scopes.name')
      .execute(),
  ])
  return {
    apis: apis.map(({ identifier }) => identifier),
    apiOf: Object.fromEntries(scopes.map(({ name, identifier }) => [name, identifier])),
    basic: new Set(scopes.flatMap(({ name, sensitivity }) => (sensitivity === 'basic' ? [name] : []))),
    deprecated: new Set(scopes.flatMap(({ name, deprecated_at: at }) => (at === null ? [] : [name]))),
    scopes: new Map(
      scopes.map(({ name, description, sensitivity }) => [
        name,
        { description, sensitivity: sensitivity as Sensitivity },
      ]),
    ),
  }
}
