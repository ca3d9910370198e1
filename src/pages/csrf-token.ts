import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Visit } from './visit.ts'

/** The field of every form of ours that proves that the form came from us, to this browser. */
export const TOKEN_FIELD = 'form_token'

/**
 * Bound to the browser, to its session as it is now, and to what the form is about. Who is signed in as somebody else
 * meanwhile cannot send what was shown before. Nothing is stored: it is derived with a key that only servers have.
 */
export function formToken(key: Buffer, visit: Visit, about: string): string {
  const bound = [visit.browser(), visit.cookie('session') ?? '', about]
  return createHmac('sha256', key).update(JSON.stringify(bound)).digest('base64url')
}

export function isFormToken(key: Buffer, visit: Visit, about: string, presented: string | null): boolean {
  const expected = Buffer.from(formToken(key, visit, about))
  const found = Buffer.from(presented ?? '')
  return expected.length === found.length && timingSafeEqual(expected, found)
}

/**
 * Whether a browser says that another site sent this form. Our pages send no referrer, so browsers give their forms'
 * origin as `null`; who says neither is no browser, or an old one, and is told by the token alone.
 */
export function isFromElsewhere(headers: IncomingHttpHeaders, ourOrigin: string): boolean {
  const { 'sec-fetch-site': site, origin } = headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && origin !== 'null' && origin !== ourOrigin
}
