const OF_THE_WEB = /^(https?):\/\/([^/?#@]+)(.*)$/is

/**
 * The one spelling of a resource identifier (RFC 8707 §2). Normalized are an empty path and `/`, the scheme's default
 * port, and capitals in scheme and host (RFC 3986 §6.2.2.1, §6.2.3): URL parsers write them differently, and clients and
 * configurations use these. Nothing else is: `/mcp` and `/mcp/` are two.
 */
export function canonicalResource(identifier: string): string {
  const [, scheme, authority, rest] = OF_THE_WEB.exec(identifier) ?? []
  if (scheme === undefined || authority === undefined || rest === undefined) return identifier
  const isTls = scheme.toLowerCase() === 'https'
  const host = authority.toLowerCase().replace(isTls ? /:(443)?$/ : /:(80)?$/, '')
  return `${isTls ? 'https' : 'http'}://${host}${rest.replace(/^\/(?=\?|$)/, '')}`
}

/** Compares by identity first: configurations mostly spell an API as it is declared. */
export function isForResource(audiences: readonly string[], resource: string): boolean {
  if (audiences.includes(resource)) return true
  const meant = canonicalResource(resource)
  return audiences.some((audience) => canonicalResource(audience) === meant)
}
