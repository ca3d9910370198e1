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

/** Headers of a POST that the fast path may take. */
export interface FastPathPost {
  /** The header's value; null where it is absent. */
  readonly authorization: string | null
  readonly contentLength: number
}

/**
 * Reads the few headers that a fast path needs, in one pass. Null leaves the request to Fastify: another type, an
 * encoding, a repeated header or anything else unusual.
 *
 * @param type the only body type taken
 * @param most largest body, in bytes
 */
export function fastPathPost(
  { method, rawHeaders }: IncomingMessage,
  type: string,
  most: number,
): FastPathPost | null {
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
 * Collects a body of known length; never calls back where the client disconnects before. The request has not emitted
 * `end` yet, so {@link restoreBody} can still hand it to Fastify.
 */
export function collectBody(request: IncomingMessage, length: number, use: (body: Buffer) => void): void {
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

/** Puts a body that was read back into its request. */
export function restoreBody(request: IncomingMessage, body: Buffer): void {
  request.pause().removeAllListeners('data')
  request.unshift(body)
}
