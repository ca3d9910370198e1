import type { IncomingMessage } from 'node:http'
import { lengthsOf, nameAt } from '@doorward/sdk/kernel'

const LENGTHS = lengthsOf(
  'authorization',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'x-api-key',
)

/** A POST with a body of one type and nothing unusual about it. */
export interface PlainPost {
  /** As it was sent; null where it was not. */
  readonly authorization: string | null
  readonly contentLength: number
}

/**
 * What a short way needs of a request's headers; null where there is anything that it would have to think about.
 *
 * @param type of the body, the only one that is taken
 * @param most bytes of the body
 */
export function plainPost(
  { method, rawHeaders }: IncomingMessage,
  type: string,
  most: number,
): PlainPost | null {
  if (method !== 'POST') return null
  let authorization: string | null = null
  let contentType: string | null = null
  let contentLength = 0
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = nameAt(rawHeaders, at, LENGTHS)
    if (name === null) continue
    const value = rawHeaders[at + 1] ?? ''
    switch (name) {
      case 'authorization':
        if (authorization !== null) return null
        authorization = value
        break
      case 'content-type':
        if (contentType !== null) return null
        contentType = value
        break
      case 'content-length':
        contentLength = Number(value)
        break
      case 'content-encoding':
      case 'transfer-encoding':
      case 'x-api-key':
        return null
    }
  }
  if (contentType !== type && contentType !== `${type}; charset=utf-8`) return null
  return contentLength > 0 && contentLength <= most ? { authorization, contentLength } : null
}

/**
 * The body of a request, once it is there; never called where the client goes away before. Unlike at `end`, the request
 * can still be given to somebody else then, with {@link unread}.
 */
export function whenRead(request: IncomingMessage, length: number, use: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  let missing = length
  const onData = (chunk: Buffer) => {
    missing -= chunk.length
    chunks.push(chunk)
    if (missing > 0) return
    use(chunks.length === 1 ? chunk : Buffer.concat(chunks))
  }
  request.on('data', onData)
}

/** Makes a request whose body was read as it was before. */
export function unread(request: IncomingMessage, body: Buffer): void {
  request.pause().removeAllListeners('data')
  request.unshift(body)
}
