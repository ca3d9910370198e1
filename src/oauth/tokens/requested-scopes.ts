/**
 * Names of OpenID Connect (Core §5.4 and §11), which many clients add to whatever they ask. They can never be declared
 * here: a scope of an API has a colon.
 */
const ABOUT_THE_USER = ['openid', 'profile', 'email', 'address', 'phone']
const OF_OPENID_CONNECT: ReadonlySet<string> = new Set([...ABOUT_THE_USER, 'offline_access'])

/** Said to a client that wants nothing but to know who the user is. */
export const NOT_OPENID_CONNECT =
  'This is OAuth 2 and not OpenID Connect: there are no ID tokens. Ask for scopes of the API.'

/**
 * The scopes that a client asks for (RFC 6749 §3.3): separated by spaces; the order and what is said twice mean nothing.
 * Names of OpenID Connect are left out, and the answer's `scope` says what was granted.
 *
 * @returns null where none was asked for; `about_the_user` where nothing was but to know who the user is
 */
export function readRequestedScopes(text: string | undefined): readonly string[] | null | 'about_the_user' {
  const asked = [...new Set((text ?? '').split(' ').filter((name) => name !== ''))]
  const scopes = asked.filter((name) => !OF_OPENID_CONNECT.has(name))
  if (scopes.length > 0) return scopes
  return ABOUT_THE_USER.some((name) => asked.includes(name)) ? 'about_the_user' : null
}
