import { hashCredential } from '../credential/credential.ts'
import { credentialsIn } from '../credential/credentials-in-text.ts'
import type { FoundAs, PresentationFault } from '../verdict/refusal.ts'

/** The parts of a request that can contain a credential. Headers are lists, so that a repeated one is seen. */
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
      /** Hashes of the credentials in the URL, to report to their owners. */
      readonly exposedHashes: readonly string[]
    }

/**
 * Reads the one credential of a request: `Authorization: Bearer` (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1)
 * or `X-API-Key`. A credential in the path, query or fragment of the URL is refused. So are two different credentials and
 * a repeated header, because parsers differ in which one counts. An empty header counts as none. Other schemes, such as
 * Basic, are ignored.
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

/** Only so much of a URL is read; Node's servers accept 16 KB by default. */
const MAX_URL_LENGTH = 262_144

/** RFC 6750 §2.1's b64token, which includes our credentials. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/
const BEARER_TOKEN = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i
/** The scheme ends where RFC 9110 §5.6.2's token does: `Bearerx` is another scheme, `Bearer,` is ours and broken. */
const BEARER = /^bearer(?![\w!#$%&'*+.^`|~-])/i
const USUAL = 'Bearer '
/** Sentinels: a token contains neither character. */
const MALFORMED = '?'
const TWO = '??'

/** A second scheme behind a comma: some runtimes join repeated headers. They are joined here too, to behave the same. */
const ANOTHER = /,[ \t]*[!#$%&'*+.^`|~\w-]+[ \t]+[^ \t,=]/
const BEARER_BEHIND = /,[ \t]*bearer[ \t]+[^ \t,=]/i

/** The token; null where there is no header, or its scheme is another. */
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

/** The keys in `X-API-Key`. An empty header counts as none; a repeated one contains a comma. */
function keysIn(headers: readonly string[]): readonly string[] {
  const header = headers.length === 1 ? (headers[0] ?? '') : headers.join(',')
  if (header === '') return []
  if (!header.includes(',')) return [header]
  return header
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** Only so much of a header is searched for a credential in the wrong form. */
const MAX_SEARCHED = 2_000

/** A fault with the form in which a credential was found after all, if one was. */
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
