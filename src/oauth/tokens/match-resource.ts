/**
 * The identifier that a client means, as it was declared. An empty path and `/` are one place, so are a port that is the
 * scheme's own and none, and capitals in scheme and host (RFC 3986 §6.2.2.1, §6.2.3): clients build `resource` with URL
 * parsers that write it so. Nothing else is taken for the same: `/mcp` and `/mcp/` are two.
 */
export function declaredResource(asked: string, declared: readonly string[]): string | undefined {
  if (declared.includes(asked)) return asked
  const meant = normalized(asked)
  return declared.find((identifier) => normalized(identifier) === meant)
}

/** All of them as they were declared, each once; null where one is none of those. */
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
