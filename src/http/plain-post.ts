import type { IncomingMessage } from 'node:http'

/** A request with a body of JSON and nothing unusual about it. */
export interface PlainPost {
  /** What stands behind `Authorization: Bearer `, as it was sent. */
  readonly bearer: string
  readonly contentLength: number
}

const BEARER = 'Bearer '
/** Longer bodies are rare, and have limits to be looked at. */
const MAX_LENGTH = 64 * 1024

/** What a short way needs of a request's headers; null where there is anything that it would have to think about. */
export function plainPost(request: IncomingMessage): PlainPost | null {
  const { authorization, 'x-api-key': apiKey } = request.headers
  if (authorization === undefined || !authorization.startsWith(BEARER) || apiKey !== undefined) return null
  if (isTwice(request.rawHeaders, 'authorization')) return null
  const contentLength = plainLength(request, 'application/json', MAX_LENGTH)
  return contentLength === null ? null : { bearer: authorization.slice(BEARER.length), contentLength }
}

/** Bytes of a POST's body of a type; null where it is another, or of any length but a stated one from 1 to `most`. */
export function plainLength({ method, headers }: IncomingMessage, type: string, most: number): number | null {
  const given = headers['content-type']
  if (method !== 'POST' || (given !== type && given !== `${type}; charset=utf-8`)) return null
  if (headers['content-length'] === undefined || headers['transfer-encoding'] !== undefined) return null
  const length = Number(headers['content-length'])
  return length > 0 && length <= most ? length : null
}

/** Of a repeated Authorization, `headers` keeps the first without a word. */
function isTwice(rawHeaders: readonly string[], name: string): boolean {
  let found = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const each = rawHeaders[at] ?? ''
    if (each.length === name.length && each.toLowerCase() === name) found += 1
  }
  return found > 1
}

/**
 * The body of a request, once it is there; never called where the client goes away before. Unlike at `end`, the request
 * can still be given to somebody else then.
 */
export function whenRead(request: IncomingMessage, length: number, use: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  let missing = length
  const onData = (chunk: Buffer) => {
    missing -= chunk.length
    chunks.push(chunk)
    if (missing > 0) return
    request.off('data', onData)
    use(chunks.length === 1 ? chunk : Buffer.concat(chunks))
  }
  request.on('data', onData)
}
