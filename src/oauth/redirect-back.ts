/**
 * Where the browser goes with the answer. `iss` says who answers, in every one of them (RFC 9207 §2), and `state` comes
 * back as it was sent.
 */
export function redirectBack(
  { redirectUri, state }: { readonly redirectUri: string; readonly state: string | null },
  issuer: string,
  answer: Readonly<Record<string, string>>,
): string {
  const parameters = new URLSearchParams({ ...answer, ...(state === null ? {} : { state }), iss: issuer })
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${parameters}`
}

/** What a page's `form-action` must allow for the browser to follow such an answer. */
export function formActionOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri)
  return origin === 'null' ? protocol : origin
}

/** What people read of where they are sent. */
export function placeOf(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri)
  return host === '' ? protocol : host
}
