import type { Incoming } from './guard.ts'
import type { Answer } from './problem.ts'

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

/** The same answer with more headers; those of an answer that was fetched cannot be added to. */
export function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const more = new Response(response.body, response)
  for (const [name, value] of Object.entries(headers)) more.headers.set(name, value)
  return more
}
