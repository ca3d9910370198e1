/**
 * Matches a resource indicator (RFC 8707) with a declared API identifier. Normalized are an empty path and `/`, the
 * scheme's default port, and capitals in scheme and host (RFC 3986 §6.2.2.1, §6.2.3): clients build `resource` with
 * URL parsers that write it so. Nothing else is: `/mcp` and `/mcp/` are two.
 */
export function declaredResource(asked: string, declared: readonly string[]): string | undefined {
  if (declared.includes(asked)) return asked
  const meant = normalized(asked)
  return declared.find((identifier) => normalized(identifier) === meant)
}

/** The declared identifiers, each once; null where one is not declared. */
export function declaredResources(
  asked: readonly string[],
  declared: readonly string[],
): readonly string[] | null {
  const found = asked.map((each) => declaredResource(each, declared))
  return found.every((each) => each !== undefined) ? [...new Set(found)] : null
}

const OF_THE_WEB = /^(https?):\/\/([^/?#@]+)(.*)$/is

function normalized(identifier: string): string {
  const [, scheme, authority, rest] = OF_THE_WEB.exec(identifier) ?? []
  if (scheme === undefined || authority === undefined || rest === undefined) return identifier
  const isTls = scheme.toLowerCase() === 'https'
  const host = authority.toLowerCase().replace(isTls ? /:(443)?$/ : /:(80)?$/, '')
  return `${isTls ? 'https' : 'http'}://${host}${rest.startsWith('/') ? '' : '/'}${rest}`
}
