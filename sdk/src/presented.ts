import { hashCredential, isWellFormed, MIN_CREDENTIAL_LENGTH } from './credential.ts'
import type { PresentationFault } from './refusal.ts'

/** The parts of a request in which a credential can stand. Headers as lists: a repeated one must be seen. */
export interface PresentedRequest {
  readonly authorization: readonly string[]
  readonly xApiKey: readonly string[]
  /** Path and query, or the whole URL. */
  readonly url: string
}

export type Presentation =
  | { readonly ok: true; readonly text: string }
  | {
      readonly ok: false
      readonly fault: PresentationFault
      /** Hash of what stood in the URL, where that has the form of a credential: its owner should hear of it. */
      readonly exposedHash: string | null
    }

/**
 * The one credential of a request: `Authorization: Bearer` (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1) or
 * `X-API-Key`, never the query. Two different ones are refused, because which one counts would be anybody's guess.
 * Other schemes, such as Basic, are not ours and are passed over.
 */
export function readCredential(request: PresentedRequest): Presentation {
  const inUrl = credentialInUrl(request.url)
  if (inUrl !== null) return no('credential_in_url', isWellFormed(inUrl) ? hashCredential(inUrl) : null)

  let text: string | undefined
  let isToken = true
  let isTwo = false
  for (const header of request.authorization) {
    const token = bearerToken(header)
    if (token === MALFORMED) return no('malformed_header')
    if (token === null) continue
    isTwo ||= text !== undefined && text !== token
    text = token
  }
  for (const key of request.xApiKey) {
    isTwo ||= text !== undefined && text !== key
    isToken = TOKEN.test(key)
    text = key
  }
  if (isTwo) return no('two_credentials')
  if (text === undefined) return no('no_credential')
  return isToken ? { ok: true, text } : no('malformed_header')
}

/** RFC 6750 §2.1's b64token, of which our credentials are a part. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/
const BEARER_TOKEN = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i
/** The scheme ends where RFC 9110 §5.6.2's token does: `Bearerx` is another scheme, `Bearer,` is ours and broken. */
const BEARER = /^bearer(?![\w!#$%&'*+.^`|~-])/i
const USUAL = 'Bearer '
/** No token: nothing that stands in a header is empty behind its scheme. */
const MALFORMED = ''

/** The token; null where the scheme is another. */
function bearerToken(header: string): string | null {
  if (header.startsWith(USUAL)) {
    const text = header.slice(USUAL.length)
    if (TOKEN.test(text)) return text
  }
  if (!BEARER.test(header)) return null
  return BEARER_TOKEN.exec(header)?.[1] ?? MALFORMED
}

/** Parameter names under which people put credentials into URLs. */
const TELLTALE = new Set(['access_token', 'api_key', 'apikey', 'api-key', 'x-api-key'])
/** Without any of these in it, a query too short for a credential holds nothing of interest: most need no parser. */
const MAYBE_TELLTALE = /key|token|%/i
/** No more of a query than this is looked at. */
const MAX_QUERY_LENGTH = 8192

/** The first in the query that is a credential, as name or value, or is called one; null where there is none. */
function credentialInUrl(url: string): string | null {
  const start = url.indexOf('?')
  if (start === -1 || start === url.length - 1) return null
  const query = url.slice(start + 1, start + MAX_QUERY_LENGTH)
  if (query.length < MIN_CREDENTIAL_LENGTH && !MAYBE_TELLTALE.test(query)) return null
  for (const [name, value] of new URLSearchParams(query)) {
    if (isWellFormed(name)) return name
    if (isWellFormed(value) || (value !== '' && TELLTALE.has(name.toLowerCase()))) return value
  }
  return null
}

function no(reason: PresentationFault['reason'], exposedHash: string | null = null): Presentation {
  return { ok: false, fault: { reason }, exposedHash }
}
