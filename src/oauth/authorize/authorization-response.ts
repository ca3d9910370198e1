/**
 * Where the browser goes with the answer. `iss` says who answers, in every one of them (RFC 9207 §2), and `state` comes
 * back as it was sent.
 */
export function responseUrl(
  { redirectUri, state }: { readonly redirectUri: string; readonly state: string | null },
  issuer: string,
  answer: Readonly<Record<string, string>>,
): string {
  const parameters = new URLSearchParams({ ...answer, ...(state === null ? {} : { state }), iss: issuer })
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${parameters}`
}

/**
 * What people read of where they are sent: the host, with https and http; else the scheme, with its colon. After a
 * scheme of an app's own may stand what looks like a host, but it is nobody's.
 */
export function redirectHost(redirectUri: string): string {
  return isNative(redirectUri) ? schemeOf(redirectUri) : new URL(redirectUri).host
}

/** Whether two places are one for whoever reads them: an app on the user's machine listens on the port of the moment. */
export function isSameHost(one: string, other: string): boolean {
  const portless = (place: string) => place.replace(/^(127\.0\.0\.1|\[::1\]|localhost):\d+$/, '$1')
  return portless(one) === portless(other)
}

/** Whether an app on the user's device is sent the answer, by a scheme of its own. */
export function isNative(redirectUri: string): boolean {
  return !/^https?:/.test(redirectUri)
}

function schemeOf(redirectUri: string): string {
  return redirectUri.slice(0, redirectUri.indexOf(':') + 1)
}
