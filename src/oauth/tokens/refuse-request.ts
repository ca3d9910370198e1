import { type ClientRefusal, isOfAssertion } from '../../clients/authentication/client-refusal.ts'
import type { FormCall, JsonAnswer } from '../../http/form-endpoint.ts'
import type { BruteForceLimits } from './brute-force-limits.ts'
import { errorResponse } from './error-response.ts'
import type { OAuthRefusal } from './oauth-refusal.ts'
import type { RefusedRequests } from './refused-requests.ts'

export interface RefusalParts {
  readonly bruteForce: BruteForceLimits
  readonly refused: RefusedRequests
}

/**
 * Answers a refusal, and notes it: of a request that never came as far as a client, the operator's log is all there is.
 * Who failed too often to prove that they are a client hears when to come back.
 *
 * @param clientId a client that has proved itself
 */
export function refuseRequest(
  { bruteForce, refused }: RefusalParts,
  endpoint: 'token' | 'revoke' | 'introspect',
  call: FormCall,
  why: ClientRefusal | OAuthRefusal,
  clientId: string | null = null,
): JsonAnswer {
  const named = 'usedBasic' in why && isOfAssertion(why.reason) ? why.clientId : null
  refused.note(endpoint, why.reason, clientId ?? named, call)
  if (why.error !== 'invalid_client' || !('usedBasic' in why)) return errorResponse(why)
  const seconds = bruteForce.failed(call.ip, why.clientId ?? '')
  if (seconds === null) return errorResponse(why)
  if (why.reason !== 'too_many_failures') refused.note(endpoint, 'too_many_failures', null, call)
  return {
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: {
      error: 'invalid_client',
      error_description: 'There were too many failed attempts. Try again later.',
    },
  }
}
