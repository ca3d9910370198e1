import type { Origin } from '../../audit/audit-event.ts'
import type { FormCall, FormEndpoints, JsonAnswer } from '../../http/form-endpoint.ts'
import { exchangeTokens, type IssuedTokens, type Issuer } from './exchange.ts'
import { whyNotWellFormed } from './read-parameters.ts'
import { type RefusalParts, refuseRequest } from './refuse-request.ts'
import { readTokenRequest } from './token-request.ts'

export interface TokenEndpointParts extends RefusalParts {
  readonly issuer: Issuer
}

export const TOKEN_PATH = '/oauth/token'

export function openTokenEndpoint(endpoints: FormEndpoints, parts: TokenEndpointParts): void {
  endpoints.post(TOKEN_PATH, (call) => answerTokenCall(parts, call))
}

async function answerTokenCall(
  { issuer, ...refusing }: TokenEndpointParts,
  call: FormCall,
): Promise<JsonAnswer> {
  const unfit = whyNotWellFormed(call)
  if (unfit !== null) return refuseRequest(refusing, 'token', call, unfit)
  const request = readTokenRequest(call.form)
  if (!request.ok) return refuseRequest(refusing, 'token', call, request.no)

  const { authorization, form, userAgent } = call
  const issued = await exchangeTokens(issuer, request.value, {
    origin: originOfCall(call),
    userAgent,
    proof: { authorization, form },
  })
  if (issued.ok) return { status: 200, body: toWire(issued.value) }
  return refuseRequest(refusing, 'token', call, issued.no.why, issued.no.clientId)
}

/** The origin of audit events: the caller is anonymous, and the client is named in their detail. */
export function originOfCall({ ip, requestId, now }: FormCall): Origin {
  return { actor: { kind: 'anonymous', id: null }, ip, requestId, now }
}

/** RFC 6749 §5.1, always with `scope`. */
function toWire({ accessToken, expiresInSeconds, refreshToken, scopes }: IssuedTokens) {
  return {
    access_token: accessToken.reveal(),
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken.reveal() }),
    scope: scopes.join(' '),
  }
}
