import type { IncomingMessage } from 'node:http'
import type { Incoming } from './guard.ts'
import { lengthsOf, nameAt } from './raw-headers.ts'

const LENGTHS = lengthsOf('authorization', 'x-api-key', 'x-forwarded-for', 'user-agent')

/**
 * Reads a request of Node, as Fastify and Express have it.
 *
 * @param url as it was sent; a router may have shortened `request.url`
 */
export function fromNodeRequest(request: IncomingMessage, url: string): Incoming {
  const authorization: string[] = []
  const xApiKey: string[] = []
  const forwardedFor: string[] = []
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
    forwardedFor: forwardedFor.length === 0 ? null : forwardedFor.join(','),
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
