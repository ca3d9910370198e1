import type { Secret } from '@doorward/sdk/kernel'
import { type Static, Type } from 'typebox'
import { no, type Result, yes } from '../base/result.ts'
import { type Problem, problem } from '../http/problem.ts'
import {
  anyObject,
  Cursor,
  iso,
  Limit,
  Moment,
  nullable,
  OwnerId,
  oneOf,
  Sort,
  searched,
  shownText,
  strictObject,
} from '../http/wire.ts'
import { RotationWire, SecretWire, toRotationWire, toSecretWire } from '../secrets/secret.wire.ts'
import type { ClientUpdate } from './change-client.ts'
import { splitCeiling } from './check-client.ts'
import {
  AUTH_METHODS,
  CLIENT_SOURCES,
  CLIENT_STATES,
  CLIENT_TYPES,
  type ClientWithSecrets,
  ceilingOf,
  DEFAULT_REFRESH_GRACE_SECONDS,
  GRANT_TYPES,
  hasSecret,
  MAX_REDIRECT_URIS,
  MAX_REFRESH_GRACE_SECONDS,
  MAX_TESTERS,
  stateOf,
} from './client.ts'
import { readKeySet } from './client-keys.ts'
import type { NewClient } from './create-client.ts'

const ScopeList = (description: string) =>
  Type.Array(Type.String({ maxLength: 200 }), { uniqueItems: true, maxItems: 200, description })
const PageUri = (description: string) => nullable(Type.String({ maxLength: 2000, description }))
const State = oneOf(CLIENT_STATES)
const Environment = Type.String({
  pattern: '^[a-z][a-z0-9]{0,15}$',
  description: 'A configured environment. Default: the first one',
})

const said = {
  name: shownText(100, 'Shown to users'),
  description: nullable(shownText(500, 'Shown to users')),
  client_uri: PageUri('The homepage. https, like all of these'),
  logo_uri: PageUri('Never fetched by Doorward'),
  policy_uri: PageUri('How the app treats personal data'),
  tos_uri: PageUri('Terms of service'),
  redirect_uris: Type.Array(Type.String({ maxLength: 2000 }), {
    uniqueItems: true,
    maxItems: MAX_REDIRECT_URIS,
    description:
      'https; http for 127.0.0.1, [::1] and localhost, whose port may be any; com.example.app:/callback for public ' +
      'clients. Compared byte for byte.',
  }),
  grant_types: Type.Array(oneOf(GRANT_TYPES), {
    uniqueItems: true,
    minItems: 1,
    maxItems: GRANT_TYPES.length,
  }),
  token_endpoint_auth_method: oneOf(
    AUTH_METHODS,
    'Its authentication method. If none is named, a client with a secret may send it in the header or the body',
  ),
  jwks: nullable(
    anyObject('Public keys of the client, for `private_key_jwt` (RFC 7517 §5). Never private ones'),
  ),
  jwks_uri: PageUri('Instead of `jwks`'),
  scopes: ScopeList('The ceiling: users can grant it no other scopes. Empty means none'),
  required_scopes: ScopeList('Those of `scopes` that a user cannot leave out'),
  client_credentials_scopes: ScopeList('Scopes without a user. Only an unbound admin key can add to them'),
  first_party: Type.Boolean({ description: "The API provider's own. Only an unbound admin key can set it" }),
  testers: Type.Array(Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' }), {
    uniqueItems: true,
    maxItems: MAX_TESTERS,
    description: 'Ids of the users who may authorize it while it is a draft',
  }),
  refresh_grace_seconds: Type.Integer({
    minimum: 0,
    maximum: MAX_REFRESH_GRACE_SECONDS,
    default: DEFAULT_REFRESH_GRACE_SECONDS,
    description: 'How long a spent refresh token may be presented again after a lost response',
  }),
}

const { name, ...optional } = said
const change = Type.Partial(strictObject(optional)).properties

export const ClientListQuery = strictObject({
  q: Type.Optional(searched('In the name or the client id, in either case')),
  owner_id: Type.Optional(OwnerId),
  environment: Type.Optional(Environment),
  state: Type.Optional(State),
  source: Type.Optional(oneOf(CLIENT_SOURCES)),
  sort: Type.Optional(Sort),
  limit: Type.Optional(Limit),
  cursor: Type.Optional(Cursor),
})

export const NewClientWire = strictObject({
  name,
  type: oneOf(CLIENT_TYPES, 'Whether it can keep a secret (RFC 6749 §2.1)'),
  owner_id: Type.Optional(nullable(OwnerId)),
  environment: Type.Optional(Environment),
  draft: Type.Optional(
    Type.Boolean({
      description:
        'Only its testers may authorize a draft. Default: true with an admin key that is bound to one owner',
    }),
  ),
  ...change,
})

export const ClientChangeWire = strictObject({
  name: Type.Optional(name),
  ...change,
  scopes: Type.Optional(
    Type.Union([said.scopes, Type.Null()], {
      description:
        'The ceiling, as above. null: the default of a client without pre-registration, the basic scopes',
    }),
  ),
})

export const ClientWire = Type.Object(
  {
    client_id: Type.String(),
    owner_id: nullable(Type.String({ description: "null: the API provider's own registration" })),
    type: oneOf(CLIENT_TYPES),
    environment: Type.String(),
    source: oneOf(CLIENT_SOURCES),
    state: State,
    ...said,
    optional_scopes: ScopeList('Those of `scopes` that a user can leave out'),
    ceiling_set_by_operator: Type.Boolean({
      description:
        'For a client without pre-registration. true: `scopes` stay as they were set. false: they are the basic ones',
    }),
    created_by: Type.String(),
    created_at: Moment,
    published_at: nullable(Moment),
    suspended_at: nullable(Moment),
    suspended_reason: nullable(Type.String()),
    suspended_by_provider: Type.Boolean({ description: 'Then its owner cannot resume it' }),
    revoked_at: nullable(Moment),
    revoked_reason: nullable(Type.String()),
    rotation: nullable(RotationWire),
    secrets: Type.Array(SecretWire, { description: 'Newest first' }),
  },
  { title: 'Client' },
)

export const IssuedClientWire = Type.Object({
  client_secret: Type.Optional(Type.String({ description: 'Shown here once, and never again' })),
  ...ClientWire.properties,
})

export function toClientWire(client: ClientWithSecrets, now: Date) {
  const isOver = client.revokedAt !== null
  return {
    client_id: client.id,
    owner_id: client.ownerId,
    type: client.type,
    environment: client.environment,
    source: client.source,
    state: stateOf(client),
    name: client.name,
    description: client.description,
    client_uri: client.clientUri,
    logo_uri: client.logoUri,
    policy_uri: client.policyUri,
    tos_uri: client.tosUri,
    redirect_uris: client.redirectUris,
    grant_types: client.grantTypes,
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    scopes: ceilingOf(client),
    required_scopes: client.requiredScopes,
    optional_scopes: client.optionalScopes,
    ceiling_set_by_operator: client.ceilingSetByOperator,
    client_credentials_scopes: client.clientCredentialsScopes,
    first_party: client.firstParty,
    testers: client.testers,
    refresh_grace_seconds: client.refreshGraceSeconds,
    created_by: client.createdBy,
    created_at: iso(client.createdAt),
    published_at: iso(client.publishedAt),
    suspended_at: iso(client.suspendedAt),
    suspended_reason: client.suspendedReason,
    suspended_by_provider: client.suspendedByProvider,
    revoked_at: iso(client.revokedAt),
    revoked_reason: client.revokedReason,
    rotation: isOver || !hasSecret(client) ? null : toRotationWire(client.secrets, now),
    secrets: client.secrets.map((secret) => toSecretWire(secret, now, isOver)),
  }
}

export function toIssuedClientWire(client: ClientWithSecrets, secret: Secret | null, now: Date) {
  const shown = secret === null ? {} : { client_secret: secret.reveal() }
  return { ...shown, ...toClientWire(client, now) }
}

/** Applies the defaults: a code with PKCE and a refresh token; Basic where it can keep a secret. */
export function fromNewClientWire(body: Static<typeof NewClientWire>): Result<NewClient, Problem> {
  const update = fromClientChangeWire(body)
  if (!update.ok) return update
  const { scopes, requiredScopes = [], ...metadata } = update.value
  const ceiling = splitCeiling(scopes ?? [], requiredScopes)
  if (!ceiling.ok) return ceiling
  return yes({
    type: body.type,
    ownerId: body.owner_id,
    environment: body.environment,
    draft: body.draft,
    name: body.name,
    description: metadata.description ?? null,
    clientUri: metadata.clientUri ?? null,
    logoUri: metadata.logoUri ?? null,
    policyUri: metadata.policyUri ?? null,
    tosUri: metadata.tosUri ?? null,
    redirectUris: metadata.redirectUris ?? [],
    grantTypes: metadata.grantTypes ?? ['authorization_code', 'refresh_token'],
    tokenEndpointAuthMethod:
      metadata.tokenEndpointAuthMethod ?? (body.type === 'public' ? 'none' : 'client_secret_basic'),
    eitherSecretMethod: body.type === 'confidential' && metadata.tokenEndpointAuthMethod === undefined,
    jwks: metadata.jwks ?? null,
    jwksUri: metadata.jwksUri ?? null,
    ...ceiling.value,
    clientCredentialsScopes: metadata.clientCredentialsScopes ?? [],
    firstParty: metadata.firstParty ?? false,
    testers: metadata.testers ?? [],
    refreshGraceSeconds: metadata.refreshGraceSeconds ?? DEFAULT_REFRESH_GRACE_SECONDS,
  })
}

export function fromClientChangeWire(body: Static<typeof ClientChangeWire>): Result<ClientUpdate, Problem> {
  const jwks = body.jwks == null ? body.jwks : readKeySet(body.jwks)
  if (jwks != null && 'fault' in jwks)
    return no(
      problem('invalid_client_metadata', `/jwks ${jwks.fault}`, {
        faults: [{ at: '/jwks', message: jwks.fault }],
      }),
    )
  return yes({
    name: body.name,
    description: body.description,
    clientUri: body.client_uri,
    logoUri: body.logo_uri,
    policyUri: body.policy_uri,
    tosUri: body.tos_uri,
    redirectUris: body.redirect_uris,
    grantTypes: body.grant_types,
    tokenEndpointAuthMethod: body.token_endpoint_auth_method,
    eitherSecretMethod: body.token_endpoint_auth_method === undefined ? undefined : false,
    jwks,
    jwksUri: body.jwks_uri,
    scopes: body.scopes,
    requiredScopes: body.required_scopes,
    clientCredentialsScopes: body.client_credentials_scopes,
    firstParty: body.first_party,
    testers: body.testers,
    refreshGraceSeconds: body.refresh_grace_seconds,
  })
}
