import type { FormCall } from '../../http/form-endpoint.ts'
import { type OAuthRefusal, refuse } from './refusal-reasons.ts'

/** The only parameter that may be sent more than once (RFC 8707 §2). */
const REPEATABLE = 'resource'

/** The parameters that were sent with a value; null where one was repeated (RFC 6749 §3.2). */
export function readParameters(form: URLSearchParams): ReadonlyMap<string, string> | null {
  const read = new Map<string, string>()
  const seen = new Set<string>()
  for (const [name, value] of form) {
    if (name === REPEATABLE) continue
    if (seen.has(name)) return null
    seen.add(name)
    if (value !== '') read.set(name, value)
  }
  return read
}

export function resourcesOf(form: URLSearchParams): readonly string[] {
  return [...new Set(form.getAll(REPEATABLE).filter((resource) => resource !== ''))]
}

/**
 * Secrets and parameters that identify the client do not belong in a URL, where every log keeps it (RFC 6749 §2.3.1).
 */
const NEVER_IN_A_QUERY = [
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'grant_type',
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'scope',
]

export function whyNotWellFormed({ queried, authorization }: FormCall): OAuthRefusal | null {
  if (NEVER_IN_A_QUERY.some((name) => queried.has(name)))
    return refuse('credential_in_query', 'Send parameters in the body, never in the URL.')
  return authorization.length > 1
    ? refuse('repeated_parameter', 'There is more than one Authorization header.')
    : null
}
