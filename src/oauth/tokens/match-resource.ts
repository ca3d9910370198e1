import { canonicalResource } from '@doorward/sdk/kernel'

/** Matches a resource indicator (RFC 8707) with a declared API identifier, in whichever spelling clients build it. */
export function declaredResource(asked: string, declared: readonly string[]): string | undefined {
  if (declared.includes(asked)) return asked
  const meant = canonicalResource(asked)
  return declared.find((identifier) => canonicalResource(identifier) === meant)
}

/** The declared identifiers, each once; null where one is not declared. */
export function declaredResources(
  asked: readonly string[],
  declared: readonly string[],
): readonly string[] | null {
  const found = asked.map((each) => declaredResource(each, declared))
  return found.every((each) => each !== undefined) ? [...new Set(found)] : null
}
