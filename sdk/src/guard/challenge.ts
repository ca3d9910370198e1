import { parseCredential } from '../credential/credential.ts'
import type { LimitState } from '../verdict/limits.ts'
import { rateLimitFields } from '../verdict/rate-limit-fields.ts'
import type { FoundAs, PresentationFault, Refusal } from '../verdict/refusal.ts'
import { type Answer, problemAnswer } from './problem.ts'

/** Facts that the answer may show without leaking. */
export interface Setting {
  /** Named in the challenge (RFC 6750 §3); checked by {@link isQuotable} where it is configured. */
  readonly realm?: string | undefined
  /** The URL of this API's metadata (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
  /** The environment that this API accepts; null for any. */
  readonly environment: string | null
  /** The credential as presented: only its prefix is used, never the verdict. */
  readonly presented: string | null
  /** The state of the credential's limits. */
  readonly limits?: readonly LimitState[] | undefined
}

/**
 * Maps every refusal to the wire, after RFC 6750 §3.1: a bare challenge where no credential was presented, 401
 * `invalid_token` for every fault of the credential itself, 403 `insufficient_scope`, 400 `invalid_request`. 429 (RFC 6585
 * §4) is about limits, and carries no challenge.
 */
export function answerTo(no: Refusal | PresentationFault, setting: Setting): Answer {
  switch (no.reason) {
    case 'no_credential':
      return hinted(
        challenge(401, setting, 'no_credential', null, 'Authentication is required', howToPresent(setting)),
        no.found === undefined ? null : FOUND[no.found],
      )
    case 'malformed':
    case 'unknown':
    case 'revoked':
    case 'rotated':
    case 'expired':
    case 'owner_suspended':
    case 'disabled':
    case 'environment_mismatch':
    case 'wrong_audience':
    case 'ip_not_allowed':
      return invalidToken(setting)
    case 'missing_scope': {
      const scope = no.required.join(' ')
      const detail = `Send a credential with the scope ${scope}.`
      const params = { error: 'insufficient_scope', scope }
      return challenge(403, setting, 'insufficient_scope', params, 'A scope is missing', detail)
    }
    case 'malformed_header':
      return hinted(
        badRequest(setting, no.reason, 'A credential header is malformed', howToPresent(setting)),
        no.found === undefined ? null : FOUND[no.found],
      )
    case 'two_credentials':
      return badRequest(
        setting,
        no.reason,
        'The request has two different credentials',
        'Send one credential, in one header.',
      )
    case 'credential_in_url':
      return badRequest(
        setting,
        no.reason,
        'There is a credential in the URL',
        'URLs are written to logs. Rotate this credential, and send the new one as `Authorization: Bearer …`.',
      )
    case 'rate_limited':
      return limited(no, setting, 'Too many requests', 'Slow down, and try again')
    case 'quota_exceeded':
      return limited(no, setting, 'The quota is used up', 'Try again in the next period,')
  }
}

/** Checks that a text can be a quoted parameter of a challenge (the characters of RFC 6750 §3). */
export function isQuotable(text: string): boolean {
  return /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(text)
}

/** The answer where verification is impossible. It fails closed: nothing is known about the credential. */
export function answerUnavailable(retryAfterSeconds: number): Answer {
  const detail = 'Credentials cannot be verified at the moment. Try again shortly.'
  return later(503, 'verification_unavailable', 'Verification is unavailable', detail, retryAfterSeconds)
}

/** An API with metadata takes access tokens as well, which OAuth clients such as those of MCP ask for by themselves. */
function howToPresent({ resourceMetadata }: Setting): string {
  return resourceMetadata === undefined
    ? 'Send one credential, as `Authorization: Bearer sk_…` or `X-API-Key: sk_…`.'
    : 'Connect by OAuth, as the metadata that the challenge names says, and send the access token as `Authorization: Bearer …`. Or send an API key, as `Authorization: Bearer sk_…` or `X-API-Key: sk_…`.'
}

function invalidToken(setting: Setting): Answer {
  const detail =
    "It is unknown, malformed, expired, revoked, or not for this API. The API's operator can see which."
  const answer = challenge(401, setting, 'invalid_token', { error: 'invalid_token' }, 'Not accepted', detail)
  return hinted(answer, hintFor(setting))
}

/** Hints about a credential that was sent in the wrong form. They depend on the text alone, not on its existence. */
export const FOUND: Readonly<Record<FoundAs, string>> = {
  no_scheme: 'There is a credential in Authorization, without `Bearer ` in front of it.',
  other_scheme: 'There is a credential in Authorization, under another scheme than Bearer.',
  basic: 'There is a credential in Authorization, as Basic. Send it as `Authorization: Bearer …`.',
  wrapped: 'There is a credential in the header, with something else around it, such as quotes.',
}

function hinted(answer: Answer, hint: string | null): Answer {
  return hint === null ? answer : { ...answer, body: { ...answer.body, hint } }
}

/** Depends on the presented text alone, so that real and made-up credentials get the same hint. */
function hintFor({ presented, environment }: Setting): string | null {
  const parsed = presented === null ? null : parseCredential(presented)
  if (parsed === null) return null
  if (parsed.kind === 'admin_key')
    return 'This is an admin key, which is for Doorward itself. Send an API key.'
  // A client with an expired token must request a new one (RFC 6750 §3.1), which `invalid_token` says already.
  if (parsed.kind === 'access_token') return otherEnvironment(parsed.environment, environment)
  if (parsed.kind !== 'api_key')
    return `This is marked as ${parsed.kind.replace('_', ' ')}. Send an access token or an API key.`
  return otherEnvironment(parsed.environment, environment)
}

function otherEnvironment(marked: string | null, accepted: string | null): string | null {
  if (accepted === null || marked === accepted) return null
  return `This credential is marked ${marked}; this API accepts ${accepted}.`
}

function badRequest(setting: Setting, code: string, title: string, detail: string): Answer {
  return challenge(400, setting, code, { error: 'invalid_request' }, title, detail)
}

/** The header always starts with `Bearer`: MCP clients read no other challenge. */
function challenge(
  status: number,
  { realm, resourceMetadata }: Setting,
  code: string,
  params: Readonly<Record<string, string>> | null,
  title: string,
  detail: string,
): Answer {
  const all = Object.entries({
    ...(realm === undefined ? {} : { realm }),
    ...params,
    ...(resourceMetadata === undefined ? {} : { resource_metadata: resourceMetadata }),
  })
  const value =
    all.length === 0 ? 'Bearer' : `Bearer ${all.map(([name, text]) => `${name}="${text}"`).join(', ')}`
  const answer = problemAnswer(status, code, title, detail)
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': value } }
}

/** The limit is not a secret: the credential is valid, and its client must know when to retry. */
function limited(
  { reason, retryAfterSeconds, limit }: Extract<Refusal, { limit: LimitState }>,
  { limits = [limit] }: Setting,
  title: string,
  advice: string,
): Answer {
  const detail = `${advice} after as many seconds as Retry-After says.`
  const answer = later(429, reason, title, detail, retryAfterSeconds)
  return { ...answer, headers: { ...answer.headers, ...rateLimitFields(limits) } }
}

/** `Retry-After` in whole seconds (RFC 9110 §10.2.3), rounded up, so that a retry is not too early. */
function later(status: number, code: string, title: string, detail: string, seconds: number): Answer {
  const answer = problemAnswer(status, code, title, detail)
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(Math.ceil(seconds)) } }
}
