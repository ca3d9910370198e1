import { canonicalResource } from '../verdict/resource.ts'
import type { GuardOptions } from './guard-options.ts'

/** Protected resource metadata (RFC 9728 §2): read by a client that does not know the API yet. */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
}

/** The document, and the path at which this API must serve it. */
export interface ServedMetadata {
  readonly path: string
  readonly document: ResourceMetadata
}

/** The URL of the metadata: the identifier's path follows the well-known path (RFC 9728 §3.1). */
export function metadataUrlOf(resource: string): string {
  const { origin, pathname, search } = new URL(resource)
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}${search}`
}

/**
 * The resource in the spelling of its identifier, and of the `aud` of its tokens: `new URL(x).href` adds a slash.
 *
 * @throws TypeError where the options name no resource or no issuer
 */
export function resourceMetadata({ resource, issuer, url, scopes }: GuardOptions): ServedMetadata {
  const server = issuer ?? url
  if (resource === undefined || server === undefined)
    throw new TypeError('resource metadata needs the options `resource`, and `url` or `issuer`')
  return {
    path: new URL(metadataUrlOf(resource)).pathname,
    document: {
      resource: canonicalResource(resource),
      authorization_servers: [server.replace(/\/+$/, '')],
      ...(scopes === undefined ? {} : { scopes_supported: scopes }),
      bearer_methods_supported: ['header'],
    },
  }
}
