import { clientIp, fromNodeRequest, type IpRanges, withoutCredentials } from '@doorward/sdk/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hashToken, isToken, mintToken } from '../base/one-time-token.ts'
import type { Cookies } from './cookies.ts'

/** One request of a browser for a page of ours. */
export interface Visit {
  readonly now: Date
  readonly ip: string | null
  /** As the browser says it, at most 300 characters of it. */
  readonly userAgent: string | null
  readonly requestId: string
  /** Whether the browser has closed the connection: nobody waits for an answer. */
  readonly isGone: () => boolean
  readonly query: URLSearchParams
  /** What this browser, signed in or not, is told from others by: random, in a cookie that is set at the first look. */
  readonly browser: () => string
  readonly cookie: (name: CookieName) => string | undefined
  /** Null takes it away. */
  readonly setCookie: (name: CookieName, value: string | null) => void
}

const MAX_USER_AGENT = 300

export type CookieName = 'browser' | 'session'

/** How long a browser keeps a cookie; null: until it is closed. The server ends a session after seven days, or one unused. */
const LIFETIME_SECONDS: Readonly<Record<CookieName, number | null>> = {
  browser: null,
  session: 7 * 24 * 3600,
}

export function visitOf(
  request: FastifyRequest,
  reply: FastifyReply,
  now: Date,
  cookies: Cookies,
  trustedProxies: IpRanges | null,
): Visit {
  const { peerIp, forwardedFor } = fromNodeRequest(request.raw, request.url)
  const cookie = (name: CookieName) => cookies.read(request.headers.cookie, name)
  const setCookie = (name: CookieName, value: string | null) =>
    void reply.header('set-cookie', cookies.set(name, value, LIFETIME_SECONDS[name]))
  let browser = cookie('browser') ?? ''
  return {
    now,
    ip: clientIp(peerIp, forwardedFor, trustedProxies),
    userAgent: withoutCredentials(request.headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT) || null,
    requestId: request.id,
    isGone: () => request.raw.socket.destroyed,
    query: new URL(request.url, 'http://ours').searchParams,
    browser: () => {
      if (!isToken('br', browser)) {
        browser = mintToken('br').reveal()
        setCookie('browser', browser)
      }
      return browser
    },
    cookie,
    setCookie,
  }
}

/** What is stored of the browser's cookie. */
export function browserHash(visit: Visit): Buffer {
  return hashToken(visit.browser())
}
