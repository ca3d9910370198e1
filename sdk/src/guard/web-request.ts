import type { Incoming } from './guard.ts'
import { UNREADABLE } from './node-request.ts'
import type { Answer } from './problem.ts'

/**
 * Reads a Fetch API request, as Hono and plain handlers have it. `Headers` joins repeated ones by a comma, which no
 * credential contains, so two of them are malformed.
 *
 * @param peerIp the other end of the connection, from the runtime; null where it is not known
 */
export function fromWebRequest({ headers, method, url }: Request, peerIp: string | null): Incoming {
  const list = (name: string) => [headers.get(name)].filter((value) => value !== null)
  return {
    method,
    authorization: list('authorization'),
    xApiKey: list('x-api-key'),
    url,
    peerIp,
    forwardedFor: headers.get('x-forwarded-for') ?? (headers.has('forwarded') ? UNREADABLE : null),
    userAgent: headers.get('user-agent'),
  }
}

export function toWebResponse({ status, headers, body }: Answer): Response {
  return new Response(JSON.stringify(body), { status, headers })
}

/** Copies a response with more headers; those of a fetched response are immutable. */
export function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  const more = new Response(response.body, response)
  for (const [name, value] of Object.entries(headers)) more.headers.set(name, value)
  return more
}
