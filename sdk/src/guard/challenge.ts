import { parseCredential } from '../credential/credential.ts'
import type { LimitState } from '../verdict/limits.ts'
import { rateLimitFields } from '../verdict/rate-limit-fields.ts'
import type { FoundAs, PresentationFault, Refusal } from '../verdict/refusal.ts'
import { type Answer, problemAnswer } from './problem.ts'

/** Facts that the answer may show without giving anything away. */
export interface Setting {
  /** Named in the challenge (RFC 6750 §3); checked by {@link isQuotable} where it is configured. */
  readonly realm?: string | undefined
  /** Where the metadata of this API is (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined
  /** What this API accepts; null where it accepts any. */
  readonly environment: string | null
  /** The credential as presented: only its own prefix is looked at, never the verdict. */
  readonly presented: string | null
  /** Where the limits of the credential stand. */
  readonly limits?: readonly LimitState[] | undefined
}

/**
 * The one map from "no" to the wire, after RFC 6750 §3.1: a bare challenge where nothing was presented, 401
 * `invalid_token` for all that is wrong with a credential itself, 403 `insufficient_scope`, 400 `invalid_request`.
 * 429 (RFC 6585 §4) is about how much, and carries no challenge.
 */
export function answerTo(no: Refusal | PresentationFault, setting: Setting): Answer {
  switch (no.reason) {
    case 'no_credential':
      return hinted(
        challenge(401, setting, 'no_credential', null, 'Authentication is needed', HOW_TO_PRESENT),
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
      const detail = `This needs a credential with the scope ${scope}.`
      const params = { error: 'insufficient_scope', scope }
      return challenge(403, setting, 'insufficient_scope', params, 'The scope is not enough', detail)
    }
    case 'malformed_header':
      return hinted(
        badRequest(setting, no.reason, 'A credential header is malformed', HOW_TO_PRESENT),
        no.found === undefined ? null : FOUND[no.found],
      )
    case 'two_credentials':
      return badRequest(
        setting,
        no.reason,
        'Two different credentials',
        'Send one credential, in one header.',
      )
    case 'credential_in_url':
      return badRequest(
        setting,
        no.reason,
        'A credential stands in the URL',
        'URLs end up in logs: rotate this credential, and send the new one as `Authorization: Bearer …`.',
      )
    case 'rate_limited':
      return limited(no, setting, 'Too many requests', 'Slow down, and try again')
    case 'quota_exceeded':
      return limited(no, setting, 'The quota is used up', 'Try again in the next period,')
  }
}

/** Whether a text can stand in a quoted parameter of a challenge, by RFC 6750 §3's characters. */
export function isQuotable(text: string): boolean {
  return /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(text)
}

/** Verification itself could not be done: nothing is known about the credential, and nothing is let through. */
export function answerUnavailable(retryAfterSeconds: number): Answer {
  const detail = 'Credentials cannot be verified at the moment. Try again shortly.'
  return later(503, 'verification_unavailable', 'Verification is unavailable', detail, retryAfterSeconds)
}

const HOW_TO_PRESENT = 'Send one credential, as `Authorization: Bearer sk_…` or `X-API-Key: sk_…`.'

function invalidToken(setting: Setting): Answer {
  const detail =
    "It is unknown, malformed, expired, revoked, or not for this API. The API's operator can see which."
  const answer = challenge(401, setting, 'invalid_token', { error: 'invalid_token' }, 'Not accepted', detail)
  return hinted(answer, hintFor(setting))
}

/** How a credential stood in a header that presents none; said from the text alone, whether or not it exists. */
const FOUND: Readonly<Record<FoundAs, string>> = {
  no_scheme: 'There is a credential in Authorization, without `Bearer ` in front of it.',
  other_scheme: 'There is a credential in Authorization, under another scheme than Bearer.',
  basic: 'There is a credential in Authorization, as Basic. Send it as `Authorization: Bearer …`.',
  wrapped: 'There is a credential in the header, with something else around it, such as quotes.',
}

function hinted(answer: Answer, hint: string | null): Answer {
  return hint === null ? answer : { ...answer, body: { ...answer.body, hint } }
}

/** Said from the text as presented alone, so that real credentials and made-up ones get the same. */
function hintFor({ presented, environment }: Setting): string | null {
  const parsed = presented === null ? null : parseCredential(presented)
  if (parsed === null) return null
  if (parsed.kind === 'admin_key')
    return 'This is an admin key, which is for Doorward itself. Send an API key.'
  // A client whose token is over must get a new one (RFC 6750 §3.1), which `invalid_token` says already.
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

/** The header always starts with `Bearer`: there are clients that read no other. */
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

/** The limit that refuses is no secret: the credential is good, and its owner has to know when to come again. */
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

/** `Retry-After` in whole seconds (RFC 9110 §10.2.3), rounded up, so that nobody comes too early. */
function later(status: number, code: string, title: string, detail: string, seconds: number): Answer {
  const answer = problemAnswer(status, code, title, detail)
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(Math.ceil(seconds)) } }
}
