import { AUTH_METHODS } from '../clients/client.ts'
import { ASSERTION_ALGORITHMS } from '../clients/client-keys.ts'
import type { KnownScopes } from '../scopes/catalogue.ts'
import { PROMPTS } from './authorize/authorization-request.ts'
import { AUTHORIZE_PATH } from './authorize/paths.ts'
import { GRANT_TYPES } from './tokens/grant-types/grant-types.ts'
import { INTROSPECT_PATH } from './tokens/introspect-endpoint.ts'
import { REVOKE_PATH } from './tokens/revoke-endpoint.ts'
import { TOKEN_PATH } from './tokens/token-endpoint.ts'

export const SERVER_METADATA_PATH = '/.well-known/oauth-authorization-server'
export const OPENID_METADATA_PATH = '/.well-known/openid-configuration'
/** Path of an empty key set: Doorward signs nothing. */
export const KEYS_PATH = '/.well-known/jwks.json'
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource'

/** Authorization server metadata, from the tables that the endpoints use (RFC 8414 §2, RFC 9207 §3, RFC 9728 §4). */
export function serverMetadata(
  issuer: string,
  { apiOf, apis, deprecated }: KnownScopes,
  extras: Readonly<Record<string, unknown>> = {},
) {
  const at = (path: string) => issuer + path
  const signing = { token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS }
  return {
    issuer,
    authorization_endpoint: at(AUTHORIZE_PATH),
    token_endpoint: at(TOKEN_PATH),
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    ...signing,
    revocation_endpoint: at(REVOKE_PATH),
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint: at(INTROSPECT_PATH),
    introspection_endpoint_auth_methods_supported: AUTH_METHODS.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    scopes_supported: Object.keys(apiOf).filter((scope) => !deprecated.has(scope)),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [...GRANT_TYPES.keys()],
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: PROMPTS,
    authorization_response_iss_parameter_supported: true,
    protected_resources: apis,
    ...extras,
  }
}

/**
 * The same at OpenID Connect's place (Discovery §3). Doorward issues no ID tokens, but many OAuth clients look here
 * first or only, and reject a document without the members that are required there.
 */
export function openidMetadata(
  issuer: string,
  known: KnownScopes,
  extras: Readonly<Record<string, unknown>> = {},
) {
  return {
    ...serverMetadata(issuer, known, extras),
    jwks_uri: issuer + KEYS_PATH,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  }
}

/** Protected resource metadata of an API, for a proxy in front of it that forwards the request (RFC 9728 §2). */
export function resourceMetadataOf(issuer: string, resource: string, { apiOf, deprecated }: KnownScopes) {
  return {
    resource,
    authorization_servers: [issuer],
    scopes_supported: Object.keys(apiOf).filter(
      (scope) => apiOf[scope] === resource && !deprecated.has(scope),
    ),
    bearer_methods_supported: ['header'],
  }
}
