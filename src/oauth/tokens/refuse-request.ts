import { type ClientRefusal, isOfAssertion } from '../../clients/authentication/client-refusal.ts'
import type { FormCall, JsonAnswer } from '../../http/form-endpoint.ts'
import type { BruteForceLimits } from './brute-force-limits.ts'
import { errorResponse } from './error-response.ts'
import type { RefusedRequests } from './refusal-log.ts'
import type { OAuthRefusal } from './refusal-reasons.ts'

export interface RefusalParts {
  readonly bruteForce: BruteForceLimits
  readonly refused: RefusedRequests
}

/**
 * Refuses a request and logs it. Where no client was identified, the operator's log is all there is. A caller that
 * failed to authenticate too often gets 429 with `Retry-After` (brute force).
 *
 * @param clientId an authenticated client
 */
export function refuseRequest(
  { bruteForce, refused }: RefusalParts,
  endpoint: 'token' | 'revoke' | 'introspect',
  call: FormCall,
  why: ClientRefusal | OAuthRefusal,
  clientId: string | null = null,
): JsonAnswer {
  const named = 'usedBasic' in why && isOfAssertion(why.reason) ? why.clientId : null
  refused.record(endpoint, why.reason, clientId ?? named, call)
  if (why.error !== 'invalid_client' || !('usedBasic' in why)) return errorResponse(why)
  const seconds = bruteForce.failed(call.ip, why.clientId ?? '')
  if (seconds === null) return errorResponse(why)
  if (why.reason !== 'too_many_failures') refused.record(endpoint, 'too_many_failures', null, call)
  return {
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: {
      error: 'invalid_client',
      error_description: 'There were too many failed attempts. Try again later.',
    },
  }
}
