import { no, type Result, yes } from '../base/result.ts'
import type { Tx } from '../db/schema.ts'
import { type Fault, type Problem, problem } from '../http/problem.ts'
import { type Caller, ownerOf } from '../management/caller.ts'
import { whyNotFresh } from '../management/why-not-permitted.ts'
import { whyNotGrantable } from '../scopes/grantable.ts'
import { holdCatalogue } from '../scopes/scope.store.ts'
import { type ClientMetadata, type ClientType, ceilingOf } from './client.ts'
import { type PrivateSchemes, whyNotPageUri, whyNotRedirectUri } from './redirect-uri.ts'

/** Metadata and type of a client. */
export type ClientDescription = ClientMetadata & { readonly type: ClientType }

/** The fault in a client's metadata, or null. @param held the metadata before a change */
export async function whyInvalidClient(
  tx: Tx,
  caller: Caller,
  said: ClientDescription,
  held: ClientMetadata | null,
  privateSchemes?: PrivateSchemes,
): Promise<Problem | null> {
  return (
    whyBeyond(caller, said, held) ??
    whyInvalidMetadata(said, privateSchemes) ??
    (await whyNotScopes(tx, said, held))
  )
}

/** Faults that do not depend on the caller or the catalogue. */
export function whyInvalidMetadata(said: ClientDescription, privateSchemes?: PrivateSchemes): Problem | null {
  return whyNotUris(said, privateSchemes) ?? whyNotTogether(said)
}

/** Fields that an owner may not set: trust in the client, and scopes that need no user. Users are of every environment. */
function whyBeyond(caller: Caller, said: ClientMetadata, held: ClientMetadata | null): Problem | null {
  const { reach } = caller
  if (said.firstParty && held?.firstParty !== true)
    return reach === 'every_owner'
      ? whyNotFresh(caller)
      : problem(
          'exceeds_authority',
          'Only a caller that is bound to neither an owner nor environments can set `first_party`.',
        )
  if (ownerOf(reach) === null) return null
  const added = said.clientCredentialsScopes.filter((scope) => !held?.clientCredentialsScopes.includes(scope))
  return added.length === 0
    ? null
    : problem(
        'exceeds_authority',
        'Only a caller that is bound to no owner can add to `client_credentials_scopes`.',
      )
}

function whyNotUris(said: ClientDescription, privateSchemes?: PrivateSchemes): Problem | null {
  const redirects = said.redirectUris.flatMap((uri, at) => {
    const message = whyNotRedirectUri(uri, said.type, privateSchemes)
    return message === null ? [] : [{ at: `/redirect_uris/${at}`, message }]
  })
  if (redirects.length > 0) return problem('invalid_redirect_uri', wordsOf(redirects), { faults: redirects })
  const pages = {
    client_uri: said.clientUri,
    logo_uri: said.logoUri,
    policy_uri: said.policyUri,
    tos_uri: said.tosUri,
    jwks_uri: said.jwksUri,
  }
  const faults = Object.entries(pages).flatMap(([name, uri]) => {
    const message = uri === null ? null : whyNotPageUri(uri)
    return message === null ? [] : [{ at: `/${name}`, message }]
  })
  return faults.length === 0 ? null : problem('invalid_client_metadata', wordsOf(faults), { faults })
}

/** RFC 7591 §2.1: grant types, method and type of client must be consistent. */
function whyNotTogether(said: ClientDescription): Problem | null {
  const { type, grantTypes, tokenEndpointAuthMethod: method } = said
  const rules: readonly (readonly [broken: boolean, at: string, message: string])[] = [
    [
      (type === 'public') !== (method === 'none'),
      '/token_endpoint_auth_method',
      'is `none` for public clients, and only for them.',
    ],
    [
      grantTypes.includes('authorization_code') !== said.redirectUris.length > 0,
      '/redirect_uris',
      'are required for `authorization_code`, and only for that.',
    ],
    [
      grantTypes.includes('refresh_token') && !grantTypes.includes('authorization_code'),
      '/grant_types',
      'has `refresh_token` without `authorization_code`, so there would be nothing to refresh.',
    ],
    [
      type === 'public' && grantTypes.includes('client_credentials'),
      '/grant_types',
      'has `client_credentials`, which is for clients that can keep a secret.',
    ],
    [
      said.clientCredentialsScopes.length > 0 && !grantTypes.includes('client_credentials'),
      '/client_credentials_scopes',
      'require `client_credentials` among the grant types.',
    ],
    [
      [said.jwks, said.jwksUri].filter((keys) => keys !== null).length !==
        (method === 'private_key_jwt' ? 1 : 0),
      '/jwks',
      'or `jwks_uri`, exactly one of the two, goes with `private_key_jwt`, and with that only.',
    ],
  ]
  const faults = rules.filter(([broken]) => broken).map(([, at, message]) => ({ at, message }))
  return faults.length === 0 ? null : problem('invalid_client_metadata', wordsOf(faults), { faults })
}

/** Scopes must be declared, and not deprecated unless the client had them before. */
async function whyNotScopes(
  tx: Tx,
  said: ClientMetadata,
  held: ClientMetadata | null,
): Promise<Problem | null> {
  const catalogue = await holdCatalogue(tx)
  return (
    whyNotGrantable(ceilingOf(said), catalogue, held === null ? [] : ceilingOf(held)) ??
    whyNotGrantable(said.clientCredentialsScopes, catalogue, held?.clientCredentialsScopes)
  )
}

/** Splits the ceiling into what a user cannot leave out, and the rest. */
export function splitCeiling(
  scopes: readonly string[],
  requiredScopes: readonly string[],
): Result<Pick<ClientMetadata, 'requiredScopes' | 'optionalScopes'>, Problem> {
  const stray = requiredScopes.filter((scope) => !scopes.includes(scope))
  if (stray.length > 0)
    return no(
      problem(
        'invalid_client_metadata',
        `/required_scopes must be among \`scopes\`; ${stray.join(', ')} are not.`,
      ),
    )
  return yes({ requiredScopes, optionalScopes: scopes.filter((scope) => !requiredScopes.includes(scope)) })
}

function wordsOf(faults: readonly Fault[]): string {
  return faults.map(({ at, message }) => `${at} ${message}`).join(' ')
}
