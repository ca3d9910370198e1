import type { ClientType } from './client.ts'

/**
 * Redirect URIs: exact match (RFC 9700 §4.1.3). Registration is strict about the form, so that the text means the
 * same to us, to the browser and to a reader. After that only the very same text is accepted. Nothing is normalized,
 * and the only exception is the port of a loopback address.
 */

/**
 * The hosts on which `http` is allowed, with any port (RFC 8252 §7.3): a native app listens on whatever port is free.
 *
 * `localhost` is among them, though RFC 8252 §8.3 says NOT RECOMMENDED. Its reason: the name may resolve to another
 * machine, or the app may listen on more than the loopback interface. Browsers now resolve it themselves; an
 * intercepted code is worth nothing without the verifier, because every client uses PKCE; and widely used clients
 * register `http://localhost/callback` and then choose a port.
 */
const LOOPBACK =
  /^http:\/\/(?<host>127\.0\.0\.1|\[::1\]|localhost)(?::(?<port>[1-9]\d{0,4}))?(?<rest>[/?].*)?$/

/** The characters of RFC 3986: no space, control character, quote or backslash, and only ASCII. */
const CHARACTERS = /^(?:[A-Za-z0-9\-._~:/?[\]@!$&'()+,;=]|%[0-9A-Fa-f]{2})+$/
const SCHEME = /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?<rest>.*)$/
/** RFC 8252 §7.1: the app owner's domain name in reverse. Anyone could use a scheme without a dot. */
const REVERSE_DOMAIN = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+$/
/** A name or an address. The URL standard allows more, such as commas, which resolvers and people read differently. */
const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9a-f:.]+\])$/
/** Parameters of the response. A registered query with one of these would be ambiguous. */
const ANSWERS = new Set(['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'response'])
const MAX_LENGTH = 2000

/** Private-use schemes without a dot that the operator allows to known apps, such as `cursor`. */
export type PrivateSchemes = ReadonlySet<string>
const NO_SCHEMES: PrivateSchemes = new Set()

/** The fault of a redirect URI, as a sentence that says what to do; null where it can be registered. */
export function whyNotRedirectUri(
  uri: string,
  type: ClientType,
  privateSchemes: PrivateSchemes = NO_SCHEMES,
): string | null {
  const { scheme, rest = '' } = SCHEME.exec(uri)?.groups ?? {}
  const form = whyNotUri(uri)
  if (form !== null) return form
  if (scheme === undefined) return 'is not absolute: it has no scheme.'
  if (scheme !== scheme.toLowerCase()) return 'has a scheme in capitals. Write it in lower case.'
  if (new URLSearchParams(queryOf(uri)).keys().some((name) => ANSWERS.has(name)))
    return `has a query with a reserved name. Reserved are: ${[...ANSWERS].join(', ')}.`
  if (scheme === 'https') return whyNotAuthority(uri)
  if (scheme === 'http')
    return LOOPBACK.test(uri)
      ? whyNotAuthority(uri)
      : 'is http. http is allowed only for 127.0.0.1, [::1] and localhost. Use https.'
  if (!REVERSE_DOMAIN.test(scheme) && !privateSchemes.has(scheme))
    return (
      "has a scheme that any app could claim. Use https, http://127.0.0.1 or http://localhost with any port, or your domain's " +
      'name in reverse: com.example.app:/callback.'
    )
  if (type !== 'public') return 'has a private-use scheme, which is for public clients only. Use https.'
  if (!rest.startsWith('/')) return 'must have a slash after the scheme: com.example.app:/callback.'
  if (!URL.canParse(uri)) return 'has an invalid host or port. Write com.example.app:/callback.'
  return null
}

/** The same for a page of the client: https only. */
export function whyNotPageUri(uri: string): string | null {
  const form = whyNotUri(uri)
  if (form !== null) return form
  return uri.startsWith('https://') ? whyNotAuthority(uri) : 'must begin with https://.'
}

/**
 * True where a code may be sent to the requested URI: exact match with a registered one (RFC 9700 §4.1.3), or a
 * registered loopback address with another port (RFC 8252 §7.3).
 */
export function matchesRedirectUri(asked: string, registered: readonly string[]): boolean {
  if (registered.includes(asked)) return true
  const place = loopbackPlace(asked)
  return place !== null && registered.some((each) => loopbackPlace(each) === place)
}

/**
 * Client impersonation (RFC 8252 §8.6): any app on the user's machine could listen here, so prior consent never
 * answers.
 */
export function allowsImpersonation(uri: string): boolean {
  return !uri.startsWith('https://')
}

/** A loopback address without its port; null for any other. */
function loopbackPlace(uri: string): string | null {
  const { host, port, rest = '' } = LOOPBACK.exec(uri)?.groups ?? {}
  if (host === undefined || Number(port ?? 80) > 65_535) return null
  return `${host}${rest}`
}

function whyNotUri(uri: string): string | null {
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters.`
  if (uri.includes('#')) return 'has a fragment, which is never sent to a server.'
  if (uri.includes('*')) return 'has a wildcard. Register each URI by itself.'
  if (uri.includes('\\')) return 'has a backslash, which browsers read as a slash.'
  const named = /^https?:\/\/(?<named>[^/?]*)/.exec(uri)?.groups?.named ?? ''
  const inAscii = /[^\x00-\x7f]/.test(named) ? URL.parse(uri)?.host : undefined
  if (inAscii !== undefined)
    return `has a host that is not in ASCII. Write it as browsers send it: ${inAscii}.`
  if (!CHARACTERS.test(uri)) return 'has characters that are not allowed in a URI. Percent-encode them.'
  const { authority = '', path = '' } =
    /^[^:]*:(?:\/\/(?<authority>[^/?]*))?(?<path>[^?]*)/.exec(uri)?.groups ?? {}
  if (authority.includes('@')) return 'has a user name in front of its host.'
  if (/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(path)) return 'has . or .. in its path, which browsers resolve.'
  return null
}

/** Requires the host as browsers write it, so that what is read is where it goes: no `0x7f.1`, no `EXAMPLE.com`. */
function whyNotAuthority(uri: string): string | null {
  const authority = /^https?:\/\/(?<authority>[^/?]*)/.exec(uri)?.groups?.authority ?? ''
  if (authority === '') return 'has no host. Write two slashes and a host after the scheme.'
  if (!URL.canParse(uri)) return 'has an invalid host or port.'
  const { host, hostname, protocol } = new URL(uri)
  const [, port] = /:(\d*)$/.exec(authority) ?? []
  if (port === '' || port?.startsWith('0')) return 'has no valid port after the colon.'
  if (!HOST.test(hostname)) return 'has characters in its host that are not allowed in a host name.'
  // A loopback address may have any port, so also the default one.
  const plain = protocol === 'http:' && port === '80' ? `${hostname}:80` : host
  const written = plain.replace(/\.(?=$|:\d+$)/, '')
  if (authority !== written)
    return `has its host or port in a form that browsers and servers rewrite. Write ${protocol}//${written}.`
  return null
}

function queryOf(uri: string): string {
  const at = uri.indexOf('?')
  return at === -1 ? '' : uri.slice(at + 1)
}
