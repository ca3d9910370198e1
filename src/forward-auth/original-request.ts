import type { IncomingMessage } from 'node:http'

/** The request that a proxy asks about. */
export interface OriginalRequest {
  readonly method: string
  /** Lower-case, without a port; null where the proxy does not send it. */
  readonly host: string | null
  readonly path: string
  /** Path and query. */
  readonly uri: string
}

/** Headers in which a kind of proxy describes the original request. */
interface Dialect {
  readonly method: string
  readonly uri: string
  readonly host: string
}

/**
 * Reads only the headers of the configured kind: a proxy passes on a client's forged headers of another kind. Envoy
 * needs none, since it repeats the request itself, with a prefix to its path.
 */
const DIALECTS = {
  nginx: dialect('x-original'),
  caddy: dialect('x-forwarded'),
  traefik: dialect('x-forwarded'),
  envoy: null,
} as const satisfies Record<string, Dialect | null>

export type ProxyKind = keyof typeof DIALECTS
export const PROXIES = Object.keys(DIALECTS) as readonly ProxyKind[]

export const FORWARD_AUTH_PATH = '/v1/forward-auth'

/** True where the path is that of such a proxy's requests. Caddy appends the client's query, which is ignored. */
export function isAsking(proxy: ProxyKind, url: string | undefined): boolean {
  if (url === undefined || !url.startsWith(FORWARD_AUTH_PATH)) return false
  const next = url[FORWARD_AUTH_PATH.length]
  return proxy === 'envoy' ? next === '/' : next === undefined || next === '?'
}

/** The original request; null where the proxy does not describe it, or describes it twice. */
export function originalRequest(proxy: ProxyKind, request: IncomingMessage): OriginalRequest | null {
  const known = DIALECTS[proxy]
  const method = known === null ? request.method : single(request, known.method)
  const uri = known === null ? request.url?.slice(FORWARD_AUTH_PATH.length) : single(request, known.uri)
  const host = hostOf(known === null ? request.headers.host : single(request, known.host))
  if (method === undefined || !/^[A-Z][A-Z-]{0,19}$/.test(method)) return null
  if (uri === undefined || !uri.startsWith('/') || host === undefined) return null
  const query = uri.indexOf('?')
  return { method, host, uri, path: query === -1 ? uri : uri.slice(0, query) }
}

function dialect(family: string): Dialect {
  return { method: `${family}-method`, uri: `${family}-uri`, host: `${family}-host` }
}

/** Undefined for a repeated header: Node joins its values with `, `, which no method, host or path contains. */
function single({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Undefined for an invalid host. */
function hostOf(text: string | undefined): string | null | undefined {
  if (text === undefined || text === '') return null
  const host = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])\.?(?::\d{1,5})?$/i.exec(text)?.[1]
  return host?.toLowerCase()
}
