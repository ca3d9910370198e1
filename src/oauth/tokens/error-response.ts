import type { ClientRefusal } from '../../clients/authentication/client-refusal.ts'
import type { JsonAnswer } from '../../http/form-endpoint.ts'
import type { OAuthRefusal } from './refusal-reasons.ts'

/** Error response (RFC 6749 §5.2): 401 where the client is not authenticated, 400 for all else. */
export function errorResponse(why: ClientRefusal | OAuthRefusal): JsonAnswer {
  if ('description' in why)
    return { status: 400, body: { error: why.error, error_description: why.description } }
  if (why.error === 'invalid_request')
    return {
      status: 400,
      body: { error: why.error, error_description: 'The client is identified in more than one way.' },
    }
  return {
    status: 401,
    body: { error: why.error, error_description: why.advice ?? SIGNED_FAULTS.get(why.reason) ?? NOT_PROVEN },
    ...(why.usedBasic ? { headers: { 'www-authenticate': 'Basic realm="doorward", charset="UTF-8"' } } : {}),
  }
}

const NOT_PROVEN = 'The client is unknown, or its authentication failed.'

/** Faults of an assertion that the client's own key has signed: only the client itself reads them. */
const SIGNED_FAULTS: ReadonlyMap<string, string> = new Map([
  ['assertion_issuer', 'iss of the assertion must be the client_id.'],
  ['assertion_subject', 'sub of the assertion must be the client_id.'],
  ['assertion_audience', 'aud of the assertion must be the issuer from the metadata, as one string.'],
  ['assertion_expired', 'exp of the assertion is missing or in the past.'],
  ['assertion_lives_too_long', 'exp of the assertion is more than five minutes ahead.'],
  ['assertion_not_yet_valid', 'iat or nbf of the assertion is in the future.'],
  ['assertion_without_id', 'jti of the assertion is missing.'],
  ['assertion_replayed', 'jti of the assertion was used before.'],
])
