import { no, type Result, yes } from '../../base/result.ts'
import type { RequestedAccess } from './exchange.ts'
import { declaredResources } from './match-resource.ts'
import { type OAuthRefusal, refuse } from './refusal-reasons.ts'
import type { GrantedAccess } from './stored-token.ts'

/** RFC 6749 §3.3: the characters of a scope token. Only such are repeated in a response. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/

/** Refuses a scope, by its name where that can be repeated. */
export function refuseScope(scope: string, why = 'was not granted'): OAuthRefusal {
  const named = SCOPE_TOKEN.test(scope) ? `The scope ${scope}` : 'A scope'
  const hint = scope.includes(',') ? ' Scopes are separated by spaces.' : ''
  return refuse('scope_not_granted', `${named} ${why}.${hint}`)
}

/**
 * Narrows what was granted to what is requested (RFC 6749 §6). A resource narrows to the scopes of its API (RFC 8707
 * §2.2). Nothing is ever widened, and a token without scopes is refused.
 */
export function narrowScopes(
  granted: GrantedAccess,
  requested: RequestedAccess,
): Result<Pick<GrantedAccess, 'scopes' | 'resources'>, OAuthRefusal> {
  // RFC 6749 §6 forbids what was not granted originally. What was removed since is left out.
  const beyond = requested.scopes?.find((scope) => !granted.originalScopes.includes(scope))
  if (beyond !== undefined) return no(refuseScope(beyond))
  const asked = requested.scopes?.filter((scope) => granted.scopes.includes(scope)) ?? granted.scopes
  const [gone] = requested.scopes ?? []
  if (asked.length === 0 && gone !== undefined) return no(refuseScope(gone, 'is no longer granted'))
  const apis = granted.resources.length > 0 ? granted.resources : Object.values(granted.apiOf)
  const named = declaredResources(requested.resources, apis)
  if (named === null) return no(refuse('resource_not_granted'))
  const resources = named.length > 0 ? named : granted.resources
  const scopes = scopesOfResources(asked, resources, granted.apiOf)
  if (asked.length === 0) return no(refuse('no_scopes'))
  return scopes.length === 0 ? no(refuse('resource_without_scopes')) : yes({ scopes, resources })
}

/** The scopes of these resources; without resources, all. */
export function scopesOfResources(
  scopes: readonly string[],
  resources: readonly string[],
  apiOf: Readonly<Record<string, string>>,
): readonly string[] {
  return resources.length === 0 ? scopes : scopes.filter((scope) => resources.includes(apiOf[scope] ?? ''))
}
