import type { IncomingMessage } from 'node:http'
import type { Incoming } from './guard.ts'
import { lengthsOf, nameAt } from './raw-headers.ts'

const LENGTHS = lengthsOf('authorization', 'x-api-key', 'x-forwarded-for', 'forwarded', 'user-agent')

/**
 * Stands for `X-Forwarded-For` where a proxy sent only `Forwarded` (RFC 7239), which is not read: the client is then
 * unknown. Without it, the proxy's own address would pass for the client's.
 */
export const UNREADABLE = ''

/**
 * Reads a request of Node, as Fastify and Express have it.
 *
 * @param url as it was sent; a router may have shortened `request.url`
 */
export function fromNodeRequest(request: IncomingMessage, url: string): Incoming {
  const authorization: string[] = []
  const xApiKey: string[] = []
  const forwardedFor: string[] = []
  let isForwarded = false
  let userAgent: string | null = null
  const rawHeaders = headersOf(request)
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = nameAt(rawHeaders, at, LENGTHS)
    if (name === null) continue
    const value = rawHeaders[at + 1] ?? ''
    switch (name) {
      case 'authorization':
        authorization.push(value)
        break
      case 'x-api-key':
        xApiKey.push(value)
        break
      case 'x-forwarded-for':
        forwardedFor.push(value)
        break
      case 'forwarded':
        isForwarded = true
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
    peerIp: request.socket?.remoteAddress ?? null,
    forwardedFor: forwardedFor.length > 0 ? forwardedFor.join(',') : isForwarded ? UNREADABLE : null,
    userAgent,
  }
}

/**
 * The headers as they were sent. serverless-http makes requests from events of AWS Lambda without raw headers: then the
 * parsed ones, in the same form.
 */
function headersOf({ rawHeaders, headers }: IncomingMessage): readonly string[] {
  if (rawHeaders !== undefined && rawHeaders.length > 0) return rawHeaders
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((each) => [name, String(each)]),
  )
}
