import type { Answer } from './challenge.ts'
import type { Incoming } from './door.ts'

/**
 * A request of the Web's, as Hono and plain handlers carry it. `Headers` joins repeated ones by a comma, which no
 * credential holds: two of them are malformed.
 *
 * @param peerIp the other end of the connection, which each runtime tells in its own way; null where it is not known
 */
export function fromWebRequest({ headers, method, url }: Request, peerIp: string | null): Incoming {
  const list = (name: string) => [headers.get(name)].filter((value) => value !== null)
  return {
    method,
    authorization: list('authorization'),
    xApiKey: list('x-api-key'),
    url,
    peerIp,
    forwardedFor: headers.get('x-forwarded-for'),
    userAgent: headers.get('user-agent'),
  }
}

export function toWebResponse({ status, headers, body }: Answer): Response {
  return new Response(JSON.stringify(body), { status, headers })
}
