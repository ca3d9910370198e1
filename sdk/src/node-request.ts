import type { IncomingMessage } from 'node:http'
import type { Incoming } from './door.ts'

/** A request of Node's, as Fastify and Express carry it. Distinct headers: Node drops a repeated Authorization. */
export function fromNodeRequest(request: IncomingMessage, url: string): Incoming {
  const { authorization = [], 'x-api-key': xApiKey = [] } = request.headersDistinct
  return {
    authorization,
    xApiKey,
    url,
    peerIp: request.socket.remoteAddress ?? null,
    forwardedFor: request.headersDistinct['x-forwarded-for']?.join(',') ?? null,
    userAgent: request.headers['user-agent'] ?? null,
  }
}
