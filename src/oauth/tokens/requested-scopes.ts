/**
 * Scopes of OpenID Connect (Core §5.4, §11), which many clients add to any request. They cannot collide with ours: a
 * scope of an API has a colon.
 */
const ABOUT_THE_USER = ['openid', 'profile', 'email', 'address', 'phone']
const OF_OPENID_CONNECT: ReadonlySet<string> = new Set([...ABOUT_THE_USER, 'offline_access'])

/** For a client that asks only for the identity of the user. */
export const NOT_OPENID_CONNECT =
  'This is OAuth 2 and not OpenID Connect: there are no ID tokens. Ask for scopes of the API.'

/**
 * Reads the requested scopes (RFC 6749 §3.3): separated by spaces, in any order, duplicates ignored. Scopes of OpenID
 * Connect are left out, and the response's `scope` says what was granted.
 *
 * @returns null where none was requested; `about_the_user` where only the user's identity was
 */
export function readRequestedScopes(text: string | undefined): readonly string[] | null | 'about_the_user' {
  const asked = [...new Set((text ?? '').split(' ').filter((name) => name !== ''))]
  const scopes = asked.filter((name) => !OF_OPENID_CONNECT.has(name))
  if (scopes.length > 0) return scopes
  return ABOUT_THE_USER.some((name) => asked.includes(name)) ? 'about_the_user' : null
}
