import type { AnswerJson } from '../../db/oauth-tables.ts'

/**
 * The authorization response (RFC 6749 §4.1.2) as a URL. Every one has `iss`, against mix-up attacks (RFC 9207 §2), and
 * `state` as it was sent.
 */
export function responseUrl(
  { redirectUri, state }: { readonly redirectUri: string; readonly state: string | null },
  issuer: string,
  answer: Readonly<Record<string, string>>,
): string {
  const parameters = new URLSearchParams({ ...answer, ...(state === null ? {} : { state }), iss: issuer })
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${parameters}`
}

/** Describes `access_denied` (RFC 6749 §4.1.2.1) by the decision that led to it. */
export function accessDenied(decision: AnswerJson['decision']) {
  return { error: 'access_denied', error_description: DENIED.get(decision) ?? 'The user denied the request.' }
}

const DENIED: ReadonlyMap<AnswerJson['decision'], string> = new Map([
  ['back', 'The user is not permitted to allow the request.'],
  ['refused', 'The user was not signed in.'],
])

/**
 * The part of a redirect URI that people are shown: the host with https and http, else the scheme with its colon. What
 * looks like a host after a private-use scheme belongs to nobody.
 */
export function redirectHost(redirectUri: string): string {
  return usesPrivateScheme(redirectUri) ? schemeOf(redirectUri) : new URL(redirectUri).host
}

/** Compares what people are shown. The port of a loopback address is ignored: a native app listens on any free one. */
export function isSameHost(one: string, other: string): boolean {
  const portless = (host: string) => host.replace(/^(127\.0\.0\.1|\[::1\]|localhost):\d+$/, '$1')
  return portless(one) === portless(other)
}

/** Private-use URI scheme (RFC 8252 §7.1): an app on the user's device gets the response. */
export function usesPrivateScheme(redirectUri: string): boolean {
  return !/^https?:/.test(redirectUri)
}

function schemeOf(redirectUri: string): string {
  return redirectUri.slice(0, redirectUri.indexOf(':') + 1)
}
