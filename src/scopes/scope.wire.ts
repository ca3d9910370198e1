import { Type } from 'typebox'
import { idOf, iso, Moment, nullable, oneOf, shownText, strictObject } from '../http/wire.ts'
import { type Api, type CatalogueScope, SENSITIVITIES } from './scope.ts'

/** `<resource>:<action>`, with the characters of the SDK's `parseScope`. */
export const ScopeName = Type.String({
  pattern: '^[a-z][a-z0-9_.-]{0,63}:[a-z][a-z0-9_-]{0,31}$',
  description: '`resource:action` in lower case, for example invoices:read',
})

const Sensitivity = { ...oneOf(SENSITIVITIES), default: 'basic' }
const ApiId = idOf('api')
export const Identifier = Type.String({
  maxLength: 600,
  pattern: '^[a-z][a-z0-9+.-]*:[^\\s#\\u0000-\\u001f]{1,500}$',
  description: 'Absolute URI without a fragment (RFC 8707 §2), such as `https://api.example.com`',
})

const declaration = {
  name: ScopeName,
  description: shownText(300, 'A sentence for people: "See your orders"'),
  sensitivity: Type.Optional(Sensitivity),
  implies: Type.Optional(Type.Array(ScopeName, { uniqueItems: true, maxItems: 100 })),
}

export const NewScopeWire = strictObject({ ...declaration, api_id: Type.Optional(ApiId) })

export const ScopeChangeWire = strictObject({
  description: Type.Optional(declaration.description),
  sensitivity: declaration.sensitivity,
  implies: declaration.implies,
  api_id: Type.Optional(ApiId),
  deprecated: Type.Optional(
    Type.Boolean({ description: 'No longer given out; keys and clients that have it keep it' }),
  ),
})

export const ScopeWire = Type.Object({
  name: Type.String(),
  api_id: Type.String(),
  description: Type.String(),
  sensitivity: Type.String(),
  implies: Type.Array(Type.String()),
  deprecated_at: nullable(Moment),
  created_at: Moment,
})

export const NewApiWire = strictObject({ identifier: Identifier, name: shownText(100, 'For people') })
export const ApiChangeWire = strictObject({
  identifier: Type.Optional(Identifier),
  name: Type.Optional(NewApiWire.properties.name),
})
export const ApiWire = Type.Object({
  id: Type.String(),
  identifier: Type.String(),
  name: Type.String(),
  is_default: Type.Boolean(),
  created_at: Moment,
})

/** The catalogue as a file, applied at every start. APIs are named by their identifiers. */
export const CatalogueFile = strictObject({
  $schema: Type.Optional(Type.String()),
  apis: Type.Optional(Type.Array(NewApiWire, { maxItems: 1_000 })),
  scopes: Type.Array(strictObject({ ...declaration, api: Type.Optional(Identifier) }), { maxItems: 10_000 }),
})

export function toScopeWire(scope: CatalogueScope) {
  return {
    name: scope.name,
    api_id: scope.apiId,
    description: scope.description,
    sensitivity: scope.sensitivity,
    implies: scope.implies,
    deprecated_at: iso(scope.deprecatedAt),
    created_at: iso(scope.createdAt),
  }
}

export function toApiWire(api: Api) {
  return {
    id: api.id,
    identifier: api.identifier,
    name: api.name,
    is_default: api.isDefault,
    created_at: iso(api.createdAt),
  }
}
