import { hashCredential } from '../credential/credential.ts'
import { credentialsIn } from '../credential/credentials-in-text.ts'
import type { FoundAs, PresentationFault } from '../verdict/refusal.ts'

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
      /** Hashes of the credentials that stood in the URL: their owners should hear of it. */
      readonly exposedHashes: readonly string[]
    }

/**
 * The one credential of a request: `Authorization: Bearer` (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1) or
 * `X-API-Key`, never the URL, in whose path, query or fragment any of ours is refused. Two different ones, and a header
 * that came twice, are refused, because which one counts would be anybody's guess. An empty header is none. Other schemes,
 * such as Basic, are not ours and are passed over.
 */
export function readCredential(request: PresentedRequest): Presentation {
  const inUrl = credentialsIn(request.url.slice(0, MAX_URL_LENGTH))
  if (inUrl.length > 0) return no('credential_in_url', inUrl.map(hashCredential))

  const [token, keys] = [tokenIn(request.authorization), keysIn(request.xApiKey)]
  if (token === TWO || keys.length > 1) return no('two_credentials')
  if (token === MALFORMED) return nothingIn(request, 'malformed_header')
  const [key = null] = keys
  if (token !== null && key !== null && token !== key) return no('two_credentials')
  const text = token ?? key
  if (text === null) return nothingIn(request, 'no_credential')
  return TOKEN.test(text) ? { ok: true, text } : nothingIn(request, 'malformed_header')
}

/** No more of a URL than this is looked at; Node's servers take 16 KB unless they are told otherwise. */
const MAX_URL_LENGTH = 262_144

/** RFC 6750 §2.1's b64token, of which our credentials are a part. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/
const BEARER_TOKEN = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i
/** The scheme ends where RFC 9110 §5.6.2's token does: `Bearerx` is another scheme, `Bearer,` is ours and broken. */
const BEARER = /^bearer(?![\w!#$%&'*+.^`|~-])/i
const USUAL = 'Bearer '
/** No tokens: what is one has neither of these characters. */
const MALFORMED = '?'
const TWO = '??'

/**
 * Another scheme behind a comma, as it looks where a runtime joins a header that came twice. To see the same in each of
 * them, repeated ones are joined here too.
 */
const ANOTHER = /,[ \t]*[!#$%&'*+.^`|~\w-]+[ \t]+[^ \t,=]/
const BEARER_BEHIND = /,[ \t]*bearer[ \t]+[^ \t,=]/i

/** The one token; null where there is no header, or its scheme is another. */
function tokenIn(headers: readonly string[]): string | typeof MALFORMED | typeof TWO | null {
  const [first] = headers
  if (first === undefined) return null
  const header = headers.length === 1 ? first : headers.join(', ')
  if (header.startsWith(USUAL)) {
    const text = header.slice(USUAL.length)
    if (TOKEN.test(text)) return text
  }
  const bare = header.replace(/^[ \t,]+/, '')
  const isOurs = BEARER.test(bare)
  if ((isOurs ? ANOTHER : BEARER_BEHIND).test(bare)) return TWO
  if (!isOurs) return null
  return BEARER_TOKEN.exec(bare)?.[1] ?? MALFORMED
}

/** What stands in `X-API-Key`: an empty header is none, and one that came twice has a comma in it somewhere. */
function keysIn(headers: readonly string[]): readonly string[] {
  const header = headers.length === 1 ? (headers[0] ?? '') : headers.join(',')
  if (header === '') return []
  if (!header.includes(',')) return [header]
  return header
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** So much of a header is searched for a credential that was not presented as one. */
const MAX_SEARCHED = 2_000

/** A fault that tells how a credential stood there after all, where one did. */
function nothingIn(
  { authorization: [authorization = ''], xApiKey: [xApiKey = ''] }: PresentedRequest,
  reason: 'no_credential' | 'malformed_header',
): Presentation {
  const found = foundAs(authorization.slice(0, MAX_SEARCHED), xApiKey.slice(0, MAX_SEARCHED))
  return { ok: false, fault: { reason, ...(found === null ? {} : { found }) }, exposedHashes: [] }
}

function foundAs(authorization: string, xApiKey: string): FoundAs | null {
  const [found] = credentialsIn(authorization)
  if (found !== undefined) {
    if (authorization.trim() === found) return 'no_scheme'
    return !BEARER.test(authorization) && /^[\w-]+ +/.test(authorization) ? 'other_scheme' : 'wrapped'
  }
  const [, basic] = /^basic +([\w+/-]+=*) *$/i.exec(authorization) ?? []
  if (basic !== undefined && credentialsIn(Buffer.from(basic, 'base64').toString('latin1')).length > 0)
    return 'basic'
  return credentialsIn(xApiKey).length > 0 ? 'wrapped' : null
}

function no(reason: PresentationFault['reason'], exposedHashes: readonly string[] = []): Presentation {
  return { ok: false, fault: { reason }, exposedHashes }
}
