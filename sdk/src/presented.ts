import { hashCredential } from './credential.ts'
import { credentialsIn } from './credentials-in-text.ts'
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
      /** Hashes of the credentials that stood in the URL: their owners should hear of it. */
      readonly exposedHashes: readonly string[]
    }

/**
 * The one credential of a request: `Authorization: Bearer` (RFC 6750 §2.1; the scheme in any case, RFC 9110 §11.1) or
 * `X-API-Key`, never the URL, in whose path, query or fragment any of ours is refused. Two different ones are refused, because which one counts would be anybody's guess.
 * Other schemes, such as Basic, are not ours and are passed over.
 */
export function readCredential(request: PresentedRequest): Presentation {
  const inUrl = credentialsIn(request.url.slice(0, MAX_URL_LENGTH))
  if (inUrl.length > 0) return no('credential_in_url', inUrl.map(hashCredential))

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

/** No more of a URL than this is looked at; Node's servers take 16 KB unless they are told otherwise. */
const MAX_URL_LENGTH = 262_144

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

function no(reason: PresentationFault['reason'], exposedHashes: readonly string[] = []): Presentation {
  return { ok: false, fault: { reason }, exposedHashes }
}
