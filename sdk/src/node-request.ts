import type { IncomingMessage } from 'node:http'
import type { Incoming } from './door.ts'

/**
 * A request of Node's, as Fastify and Express carry it.
 *
 * @param url as it was sent; a router may have cut `request.url`
 */
export function fromNodeRequest(request: IncomingMessage, url: string): Incoming {
  return {
    method: request.method ?? 'GET',
    authorization: headerValues(request, 'authorization'),
    xApiKey: headerValues(request, 'x-api-key'),
    url,
    peerIp: request.socket.remoteAddress ?? null,
    forwardedFor: headerValues(request, 'x-forwarded-for').join(',') || null,
    userAgent: request.headers['user-agent'] ?? null,
  }
}

/**
 * Every value of a header, as it was sent. From `rawHeaders`, because `headers` drops a repeated Authorization without
 * a word, and because requests faked by test tools (Fastify's `inject`) have no `headersDistinct`.
 */
function headerValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '')
  return values
}
