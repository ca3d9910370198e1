import type { IncomingMessage } from 'node:http'

/** The request that a proxy asks about. */
export interface OriginalRequest {
  readonly method: string
  /** Lower-case, without a port; null where the proxy does not tell it. */
  readonly host: string | null
  readonly path: string
  /** With the query. */
  readonly uri: string
}

/** Where a kind of proxy says what the request was. */
interface Dialect {
  readonly method: string
  readonly uri: string
  readonly host: string
  /** Its "no" can only be 401 or 403; anything else it would turn into a 500. */
  readonly onlyTwoNos: boolean
}

/**
 * Only the headers of the configured kind are read: a client can send those of another kind through a proxy that does
 * not know them. Envoy needs none, since it repeats the request itself, with a prefix to its path.
 */
const DIALECTS = {
  nginx: dialect('x-original', true),
  'ingress-nginx': { ...dialect('x-original', true), uri: 'x-original-url' },
  caddy: dialect('x-forwarded', false),
  traefik: dialect('x-forwarded', false),
  envoy: null,
} as const satisfies Record<string, Dialect | null>

export type Proxy = keyof typeof DIALECTS
export const PROXIES = Object.keys(DIALECTS) as readonly Proxy[]

export const FORWARD_AUTH_PATH = '/v1/forward-auth'

export function takesOnlyTwoNos(proxy: Proxy): boolean {
  return DIALECTS[proxy]?.onlyTwoNos ?? false
}

/** What the request was; null where the proxy does not say, or says it twice. */
export function originalRequest(proxy: Proxy, request: IncomingMessage): OriginalRequest | null {
  const known = DIALECTS[proxy]
  const method = known === null ? request.method : single(request, known.method)
  const said = known === null ? request.url?.slice(FORWARD_AUTH_PATH.length) : single(request, known.uri)
  const host = hostOf(known === null ? request.headers.host : single(request, known.host))
  const uri = proxy === 'ingress-nginx' ? said?.replace(/^https?:\/\/[^/?#]*/i, '') : said
  if (method === undefined || !/^[A-Z][A-Z-]{0,19}$/.test(method)) return null
  if (uri === undefined || !uri.startsWith('/') || host === undefined) return null
  return { method, host, uri, path: uri.split('?', 1)[0] ?? '' }
}

function dialect(family: string, onlyTwoNos: boolean): Dialect {
  return { method: `${family}-method`, uri: `${family}-uri`, host: `${family}-host`, onlyTwoNos }
}

/** Node joins a repeated header with `, `, which is no part of a method, a host or a path. */
function single({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Undefined for what is no host at all. */
function hostOf(text: string | undefined): string | null | undefined {
  if (text === undefined || text === '') return null
  const host = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])\.?(?::\d{1,5})?$/i.exec(text)?.[1]
  return host?.toLowerCase()
}
