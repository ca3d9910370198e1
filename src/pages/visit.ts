import { clientIp, fromNodeRequest, type IpRanges, withoutCredentials } from '@doorward/sdk/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hashToken, isToken, mintToken } from '../base/one-time-token.ts'
import type { Cookies } from './cookies.ts'

/** One browser request for a page, with the browser's cookies. */
export interface Visit {
  readonly now: Date
  readonly ip: string | null
  /** The `User-Agent` header, cut to 300 characters. */
  readonly userAgent: string | null
  readonly requestId: string
  /** True once the browser has closed the connection. */
  readonly isGone: () => boolean
  readonly query: URLSearchParams
  /** Random id of this browser, signed in or not, in a cookie that the first call sets. */
  readonly browser: () => string
  readonly cookie: (name: CookieName) => string | undefined
  /** Null deletes the cookie. */
  readonly setCookie: (name: CookieName, value: string | null) => void
}

const MAX_USER_AGENT = 300

export type CookieName = 'browser' | 'session' | 'staff' | 'staff-sign-in' | 'sso'

/** Lifetime of a cookie in the browser; null: until it is closed. The server ends a session after 7 days, or 1 idle day. */
const LIFETIME_SECONDS: Readonly<Record<CookieName, number | null>> = {
  browser: null,
  session: 7 * 24 * 3600,
  staff: null,
  'staff-sign-in': null,
  sso: 600,
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
    void reply.header(
      'set-cookie',
      cookies.set(name, value, LIFETIME_SECONDS[name], name.startsWith('staff') ? 'Strict' : 'Lax'),
    )
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

/** Hash of the browser's cookie, as stored. */
export function browserHash(visit: Visit): Buffer {
  return hashToken(visit.browser())
}
