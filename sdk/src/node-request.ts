import type { IncomingMessage } from 'node:http'
import type { Incoming } from './door.ts'

/**
 * A request of Node's, as Fastify and Express carry it.
 *
 * @param url as it was sent; a router may have cut `request.url`
 */
export function fromNodeRequest(request: IncomingMessage, url: string): Incoming {
  const authorization: string[] = []
  const xApiKey: string[] = []
  const forwardedFor: string[] = []
  let userAgent: string | null = null
  // From `rawHeaders`, because `headers` drops a repeated Authorization without a word, and because requests faked by
  // test tools (Fastify's `inject`) have no `headersDistinct`. And Node makes that object only for who asks for it.
  const { rawHeaders } = request
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (!LENGTHS.has(name.length)) continue
    const value = rawHeaders[at + 1] ?? ''
    switch (name.toLowerCase()) {
      case 'authorization':
        authorization.push(value)
        break
      case 'x-api-key':
        xApiKey.push(value)
        break
      case 'x-forwarded-for':
        forwardedFor.push(value)
        break
      case 'user-agent':
        userAgent ??= value
    }
  }
  return {
    method: request.method ?? 'GET',
    authorization,
    xApiKey,
    url,
    peerIp: request.socket.remoteAddress ?? null,
    forwardedFor: forwardedFor.length === 0 ? null : forwardedFor.join(',') || null,
    userAgent,
  }
}

/** Of the names that are looked for: most others need not even be put into lower case. */
const LENGTHS: ReadonlySet<number> = new Set([
  'authorization'.length,
  'x-api-key'.length,
  'x-forwarded-for'.length,
  'user-agent'.length,
])
