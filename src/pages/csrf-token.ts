import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Visit } from './visit.ts'

/** Hidden field of each form that carries the CSRF token. */
export const CSRF_FIELD = 'csrf_token'

/**
 * CSRF token: HMAC over browser cookie, session cookie and the form's purpose. It is bound to the session, so that a form
 * shown to one user cannot be sent by another who has signed in meanwhile. Stateless: only servers have the key. A random
 * part tells a form that is sent twice from one that is shown again.
 */
export function csrfToken(key: Buffer, visit: Visit, purpose: string): string {
  return tokenOf(key, visit, purpose, randomBytes(12).toString('base64url'))
}

function tokenOf(key: Buffer, visit: Visit, purpose: string, shown: string): string {
  const bound = [visit.browser(), visit.cookie('session') ?? '', purpose, shown]
  return `${shown}.${createHmac('sha256', key).update(JSON.stringify(bound)).digest('base64url')}`
}

/** Compares in constant time, so that response times reveal nothing of the expected token (timing attack). */
export function isCsrfToken(key: Buffer, visit: Visit, purpose: string, presented: string | null): boolean {
  const [shown = ''] = (presented ?? '').split('.', 1)
  const expected = Buffer.from(tokenOf(key, visit, purpose, shown))
  const found = Buffer.from(presented ?? '')
  return expected.length === found.length && timingSafeEqual(expected, found)
}

/**
 * Second CSRF check: true where the browser states that another site sent the form (Fetch Metadata, `Origin`). Our pages
 * send no referrer, so browsers give the origin of our own forms as `null`. Clients that send neither header are not
 * browsers, or old ones: for these the token alone decides.
 */
export function isCrossSite(headers: IncomingHttpHeaders, ourOrigin: string): boolean {
  const { 'sec-fetch-site': site, origin } = headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && origin !== 'null' && origin !== ourOrigin
}
