import { withoutCredentials } from '@doorward/sdk/kernel'
import { no, type Result, yes } from '../../base/result.ts'
import { whyNotShown } from '../../base/shown-text.ts'
import { type ClientDescription, whyInvalidMetadata } from '../check-client.ts'
import {
  AUTH_METHODS,
  DEFAULT_REFRESH_GRACE_SECONDS,
  GRANT_TYPES,
  MAX_REDIRECT_URIS,
  usesSecret,
} from '../client.ts'
import { readKeySet } from '../client-keys.ts'
import { type PrivateSchemes, whyNotRedirectUri } from '../redirect-uri.ts'

/** RFC 7591 §3.2.2 */
export interface MetadataFault {
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'
  readonly description: string
}

/** A name is optional (RFC 7591 §2); people see the host that is led to beside it. */
const UNNAMED = 'Unnamed app'

/**
 * Client metadata (RFC 7591 §2) from a client's own document or registration. It cannot set trust, scopes without a
 * user, or its ceiling: those are decided here.
 *
 * @param ceiling the most that a client without pre-registration may be granted
 */
export function readClientMetadata(
  value: unknown,
  ceiling: readonly string[],
  usualMethod: 'none' | 'client_secret_basic',
  privateSchemes?: PrivateSchemes,
): Result<ClientDescription, MetadataFault> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return fault('It is not a JSON object.')
  const said = value as Readonly<Record<string, unknown>>
  const method = said.token_endpoint_auth_method ?? usualMethod
  const tokenEndpointAuthMethod = AUTH_METHODS.find((each) => each === method)
  if (tokenEndpointAuthMethod === undefined)
    return fault(`token_endpoint_auth_method is one of ${AUTH_METHODS.join(', ')}.`)
  const responseTypes = textsOf(said.response_types ?? ['code'])
  if (responseTypes === null || responseTypes.some((type) => type !== 'code'))
    return fault('response_types is ["code"], and nothing else.')
  const grants = textsOf(said.grant_types ?? ['authorization_code', 'refresh_token'])
  const grantTypes = GRANT_TYPES.filter((type) => type !== 'client_credentials' && grants?.includes(type))
  if (grants === null || !grantTypes.includes('authorization_code'))
    return fault('grant_types must have authorization_code, and may have refresh_token.')
  const redirectUris = textsOf(said.redirect_uris)
  if (redirectUris === null || redirectUris.length === 0 || redirectUris.length > MAX_REDIRECT_URIS)
    return fault(`redirect_uris is a list of 1 to ${MAX_REDIRECT_URIS}.`, 'invalid_redirect_uri')
  const given = said.client_name ?? UNNAMED
  const name = typeof given === 'string' ? withoutCredentials(given) : null
  const whyNot = name === null ? 'is not a string.' : whyNotName(name)
  if (whyNot !== null) return fault(`client_name ${whyNot}`)
  const jwks = said.jwks === undefined ? null : readKeySet(said.jwks)
  if (jwks !== null && 'fault' in jwks) return fault(`jwks: ${jwks.fault}`)
  const uri = (field: string) =>
    typeof said[field] === 'string' && said[field] !== '' ? String(said[field]) : null
  const type = tokenEndpointAuthMethod === 'none' ? 'public' : 'confidential'
  const usable = redirectUris.filter((each) => whyNotRedirectUri(each, type, privateSchemes) === null)
  const described: ClientDescription = {
    type,
    name: name ?? UNNAMED,
    description: null,
    clientUri: uri('client_uri'),
    // Never shown: nobody has looked at it.
    logoUri: null,
    policyUri: uri('policy_uri'),
    tosUri: uri('tos_uri'),
    // RFC 7591 §3.2.1: what cannot be used is left out, and the answer says what was registered.
    redirectUris: usable.length === 0 ? redirectUris : [...new Set(usable)],
    grantTypes,
    tokenEndpointAuthMethod,
    eitherSecretMethod: said.token_endpoint_auth_method === undefined && usesSecret(tokenEndpointAuthMethod),
    jwks,
    jwksUri: uri('jwks_uri'),
    requiredScopes: [],
    optionalScopes: ceiling,
    clientCredentialsScopes: [],
    firstParty: false,
    testers: [],
    refreshGraceSeconds: DEFAULT_REFRESH_GRACE_SECONDS,
  }
  const problem = whyInvalidMetadata(described, privateSchemes)
  if (problem === null) return yes(described)
  const error = problem.code === 'invalid_redirect_uri' ? problem.code : 'invalid_client_metadata'
  return fault(problem.detail, error)
}

/** Letters that look alike in two alphabets make one app look like another. */
function whyNotName(name: string): string | null {
  if (name.length > 100) return 'has more than 100 characters.'
  const unseen = whyNotShown(name)
  if (unseen !== null) return unseen
  const mixes = /\p{Script=Latin}/u.test(name) && /\p{Script=Cyrillic}|\p{Script=Greek}/u.test(name)
  return mixes ? 'mixes alphabets whose letters look alike.' : null
}

function textsOf(value: unknown): string[] | null {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && each.length <= 2000)
    ? value
    : null
}

function fault(description: string, error: MetadataFault['error'] = 'invalid_client_metadata') {
  return no({ error, description: description.replace(/["\\]|[^\x20-\x7e]/g, "'") })
}
