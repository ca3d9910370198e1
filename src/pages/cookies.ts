/**
 * Our cookies: `HttpOnly` (no script reads them) and `SameSite=Lax` (not sent with another site's form, CSRF) or `Strict`
 * (not sent with another site's links either).
 */
export interface Cookies {
  /** Reads a cookie from a request's `Cookie` header. */
  read(header: string | undefined, name: string): string | undefined
  /**
   * Writes a `Set-Cookie` header.
   *
   * @param value null deletes the cookie
   * @param lifetimeSeconds null: until the browser is closed
   */
  set(name: string, value: string | null, lifetimeSeconds: number | null, sameSite?: 'Lax' | 'Strict'): string
}

/**
 * Over https a cookie is `__Host-…` and `Secure`: bound to this host and to TLS. With an http URL, for trials on one
 * machine, it is neither: Chromium accepts secure cookies from http://127.0.0.1, Safari and curl do not. The names differ,
 * so a plain cookie cannot pass for a protected one.
 */
export function cookiesFor(publicUrl: string): Cookies {
  const isTls = new URL(publicUrl).protocol === 'https:'
  const nameOf = (name: string) => `${isTls ? '__Host-' : ''}doorward-${name}`
  return {
    read: (header, name) => {
      for (const pair of header?.split(';') ?? []) {
        const at = pair.indexOf('=')
        if (at !== -1 && pair.slice(0, at).trim() === nameOf(name)) return pair.slice(at + 1).trim()
      }
      return undefined
    },
    set: (name, value, lifetimeSeconds, sameSite = 'Lax') => {
      const seconds = value === null ? 0 : lifetimeSeconds
      const lifetime = seconds === null ? '' : `; Max-Age=${seconds}`
      return `${nameOf(name)}=${value ?? ''}; Path=/; HttpOnly; SameSite=${sameSite}${isTls ? '; Secure' : ''}${lifetime}`
    },
  }
}
