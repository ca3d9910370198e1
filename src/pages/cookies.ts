/** Cookies that hold something: never read by scripts, never sent by another site's form. */
export interface Cookies {
  /** As it came with a request's `Cookie` header. */
  read(header: string | undefined, name: string): string | undefined
  /**
   * The `Set-Cookie` header that sets it.
   *
   * @param value null takes it away
   * @param lifetimeSeconds null: until the browser is closed
   */
  set(name: string, value: string | null, lifetimeSeconds: number | null): string
}

/**
 * Over https a cookie is `__Host-…` and `Secure`: bound to this very host, and to TLS. Where the configured URL is http,
 * which is for trying on one machine, it is neither: Chromium takes secure cookies from http://127.0.0.1, but Safari and
 * the cookie jars of scripts do not, and a name without the prefix cannot be taken for the protected one.
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
    set: (name, value, lifetimeSeconds) => {
      const seconds = value === null ? 0 : lifetimeSeconds
      const lifetime = seconds === null ? '' : `; Max-Age=${seconds}`
      return `${nameOf(name)}=${value ?? ''}; Path=/; HttpOnly; SameSite=Lax${isTls ? '; Secure' : ''}${lifetime}`
    },
  }
}
