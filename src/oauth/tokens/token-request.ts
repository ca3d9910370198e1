import { no, type Result } from '../../base/result.ts'
import type { Exchange } from './exchange.ts'
import { GRANT_TYPES } from './grant-types/grant-types.ts'
import { readParameters, resourcesOf } from './read-parameters.ts'
import { type OAuthRefusal, REPEATED, refuse } from './refusal-reasons.ts'
import { NOT_OPENID_CONNECT, readRequestedScopes } from './requested-scopes.ts'

/** Reads a token request (RFC 6749 §3.2) up to its grant type, which reads the rest. */
export function readTokenRequest(form: URLSearchParams): Result<Exchange, OAuthRefusal> {
  const parameters = readParameters(form)
  if (parameters === null) return no(REPEATED)
  const name = parameters.get('grant_type')
  if (name === undefined) return no(refuse('no_grant_type', 'grant_type is missing.'))
  const readGrant = GRANT_TYPES.get(name)
  if (readGrant === undefined)
    return no(refuse('unsupported_grant_type', `Use ${listed(GRANT_TYPES.keys())}.`))
  const scopes = readRequestedScopes(parameters.get('scope'))
  if (scopes === 'about_the_user') return no(refuse('scope_not_granted', NOT_OPENID_CONNECT))
  return readGrant(parameters, { scopes, resources: resourcesOf(form) })
}

function listed(names: Iterable<string>): string {
  return [...names].join(', ').replace(/, ([^,]*)$/, ' or $1')
}
