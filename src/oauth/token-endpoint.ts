import type { Origin } from '../audit/audit-event.ts'
import { readClient } from '../clients/presented-client.ts'
import type { FormCall, FormEndpoints, JsonAnswer } from '../http/form-endpoint.ts'
import type { GuessLimits } from './guess-limits.ts'
import { type IssuedTokens, type Issuer, issueTokens } from './issue-tokens.ts'
import { answerRefusal, whyNotCall } from './oauth-answer.ts'
import type { RefusedRequests } from './refused-requests.ts'
import { readTokenRequest } from './token-request.ts'

export interface TokenEndpointParts {
  readonly issuer: Issuer
  readonly guesses: GuessLimits
  readonly refused: RefusedRequests
}

export const TOKEN_PATH = '/oauth/token'

export function openTokenEndpoint(endpoints: FormEndpoints, parts: TokenEndpointParts): void {
  endpoints.post(TOKEN_PATH, (call) => answerTokenCall(parts, call))
}

async function answerTokenCall(
  { issuer, guesses, refused }: TokenEndpointParts,
  call: FormCall,
): Promise<JsonAnswer> {
  const unfit = whyNotCall(call)
  if (unfit !== null) return answerRefusal(unfit)
  const request = readTokenRequest(call.form)
  if (!request.ok) return answerRefusal(request.no)
  const claimed = claimedIn(call)
  const waits = await guesses.wait(call.ip, claimed)
  if (waits !== null) return tooManyGuesses(waits)

  const { authorization, form, userAgent } = call
  const issued = await issueTokens(issuer, request.value, {
    origin: originOfCall(call),
    userAgent,
    proof: { authorization, form },
  })
  if (issued.ok) return { status: 200, body: toWire(issued.value) }
  const { why, clientId } = issued.no
  if (why.error === 'invalid_client') await guesses.failed(call.ip, claimed)
  refused.note('token', why.reason, clientId, call)
  return answerRefusal(why)
}

/** Who the request says it is from, for counting guesses. */
export function claimedIn({ authorization, form }: Pick<FormCall, 'authorization' | 'form'>): string {
  const read = readClient({ authorization, form })
  return (read.ok ? read.value.clientId : read.no.clientId) ?? ''
}

export function tooManyGuesses(seconds: number): JsonAnswer {
  return {
    status: 429,
    headers: { 'retry-after': String(seconds) },
    body: {
      error: 'invalid_client',
      error_description: 'There were too many failed attempts. Try again later.',
    },
  }
}

/** Whoever asks; a client is named in the detail of what comes of it. */
export function originOfCall({ ip, requestId, now }: FormCall): Origin {
  return { actor: { kind: 'anonymous', id: null }, ip, requestId, now }
}

/** RFC 6749 §5.1; the scope is always said. */
function toWire({ accessToken, expiresInSeconds, refreshToken, scopes }: IssuedTokens) {
  return {
    access_token: accessToken.reveal(),
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    ...(refreshToken === null ? {} : { refresh_token: refreshToken.reveal() }),
    scope: scopes.join(' '),
  }
}
