import { no, type Result, yes } from '../../base/result.ts'
import { type Client, ceilingOf } from '../../clients/client.ts'
import type { KnownScopes } from '../../scopes/catalogue.ts'
import { MAX_SCOPES } from '../grants/many-scopes.ts'
import { declaredResources } from '../tokens/match-resource.ts'
import { scopesOfResources } from '../tokens/narrow-scopes.ts'
import { readParameters, resourcesOf } from '../tokens/read-parameters.ts'
import { NOT_OPENID_CONNECT, readRequestedScopes } from '../tokens/requested-scopes.ts'
import { type AuthorizationRequest, PROMPTS, type Prompt } from './authorization-request.ts'

/** Error codes of the authorization endpoint (RFC 6749 §4.1.2.1; OpenID Connect Core §3.1.2.6; RFC 8707 §2). */
export type AuthorizationError =
  | 'invalid_request'
  | 'unsupported_response_type'
  | 'unauthorized_client'
  | 'invalid_scope'
  | 'invalid_target'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'temporarily_unavailable'

export interface AuthorizationFault {
  readonly error: AuthorizationError
  /** For the app's developer. Repeats nothing of the request but names of scopes. */
  readonly description: string
}

type Asked = Pick<
  AuthorizationRequest,
  'state' | 'scopes' | 'resources' | 'codeChallenge' | 'prompt' | 'maxAge' | 'loginHint'
>

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/
const MAX_RESOURCES = 20
const MAX_STATE = 4_096

/** The state, where it can be returned byte for byte. */
export function stateIn(query: URLSearchParams): string | null {
  const states = query.getAll('state')
  const [state = ''] = states
  return states.length === 1 && state !== '' && whyNotState(state) === null ? state : null
}

/** Bytes that are not UTF-8 have become U+FFFD by now, and would be returned as other bytes. */
function whyNotState(state: string): string | null {
  if (state.length > MAX_STATE) return `state has more than ${MAX_STATE} characters.`
  return /[\0\ufffd]/.test(state) ? 'state is not UTF-8, or contains NUL or U+FFFD.' : null
}

/** Reads everything but `client_id` and `redirect_uri`, which are settled before. */
export function readAuthorizationRequest(
  query: URLSearchParams,
  client: Client,
  known: KnownScopes,
): Result<Asked, AuthorizationFault> {
  const read = readParameters(query)
  if (read === null) return fault('invalid_request', 'A parameter is repeated.')
  const get = (name: string) => read.get(name)
  if (get('request') !== undefined)
    return fault('request_not_supported', 'Request objects are not supported.')
  if (get('request_uri') !== undefined)
    return fault('request_uri_not_supported', 'Request objects are not supported.')

  const responseType = get('response_type')
  if (responseType === undefined) return fault('invalid_request', 'response_type is missing. Send code.')
  if (responseType !== 'code') return fault('unsupported_response_type', 'The only response_type is code.')
  if ((get('response_mode') ?? 'query') !== 'query')
    return fault('invalid_request', 'The only response_mode is query.')
  if (!client.grantTypes.includes('authorization_code'))
    return fault('unauthorized_client', 'The client is not registered for the grant type authorization_code.')
  const badState = whyNotState(get('state') ?? '')
  if (badState !== null) return fault('invalid_request', badState)

  const codeChallenge = get('code_challenge')
  if (codeChallenge === undefined)
    return fault('invalid_request', 'code_challenge is missing: every client uses PKCE (RFC 7636).')
  if (get('code_challenge_method') !== 'S256')
    return fault('invalid_request', 'code_challenge_method must be S256.')
  if (!CHALLENGE.test(codeChallenge))
    return fault('invalid_request', 'code_challenge must be the base64url of a SHA-256, without padding.')

  const prompt = readPrompt(get('prompt'))
  if (prompt === null)
    return fault(
      'invalid_request',
      'prompt is none, login, consent or select_account. none must stand alone.',
    )
  const maxAge = readMaxAge(get('max_age'))
  if (maxAge === undefined) return fault('invalid_request', 'max_age is a whole number of seconds.')

  const named = resourcesOf(query)
  const resources = named.length > MAX_RESOURCES ? null : declaredResources(named, known.apis)
  if (resources === null) return fault('invalid_target', 'A resource is not a declared API.')
  const scopes = readScopes(get('scope'), client, known)
  if (!scopes.ok) return scopes
  const narrow = scopesOfResources(scopes.value, resources, known.apiOf)
  if (narrow.length === 0) return fault('invalid_scope', 'None of the scopes can be granted to this client.')
  const loginHint =
    get('login_hint')
      ?.replace(/\p{Cc}/gu, '')
      .slice(0, 254) || null
  return yes({ state: stateIn(query), scopes: narrow, resources, codeChallenge, prompt, maxAge, loginHint })
}

/**
 * Unknown scopes are refused by name. Scopes that the client may not have are left out, and the token response says
 * so.
 */
function readScopes(
  text: string | undefined,
  client: Client,
  { apiOf, basic, deprecated }: KnownScopes,
): Result<readonly string[], AuthorizationFault> {
  const isNamed = client.source === 'registered' || client.ceilingSetByOperator
  const ceiling = ceilingOf(client).filter(
    (scope) => Object.hasOwn(apiOf, scope) && (isNamed || basic.has(scope)),
  )
  const asked = readRequestedScopes(text)
  if (asked === 'about_the_user') return fault('invalid_scope', NOT_OPENID_CONNECT)
  const unknown = asked?.find((scope) => !Object.hasOwn(apiOf, scope))
  if (unknown !== undefined) return fault('invalid_scope', whyUnknown(unknown))
  const most = new Set(ceiling)
  const scopes = (asked ?? ceiling).filter((scope) => most.has(scope) && !deprecated.has(scope))
  return scopes.length > MAX_SCOPES
    ? fault('invalid_scope', 'There are too many scopes. Request fewer.')
    : yes(scopes)
}

function whyUnknown(scope: string): string {
  if (!SCOPE_TOKEN.test(scope)) return 'A scope is not well-formed.'
  return `There is no scope ${scope}.${scope.includes(',') ? ' Scopes are separated by spaces.' : ''}`
}

function readPrompt(text: string | undefined): readonly Prompt[] | null {
  if (text === undefined) return []
  const asked = [...new Set(text.split(' ').filter((each) => each !== ''))]
  const prompts = PROMPTS.filter((prompt) => asked.includes(prompt))
  const isWhole = prompts.length === asked.length
  return isWhole && (!prompts.includes('none') || prompts.length === 1) ? prompts : null
}

/** @returns undefined where it is not a number */
function readMaxAge(text: string | undefined): number | null | undefined {
  if (text === undefined) return null
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function fault(error: AuthorizationError, description: string) {
  return no({ error, description })
}
