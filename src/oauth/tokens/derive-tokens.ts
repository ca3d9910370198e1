import { createHmac } from 'node:crypto'
import { type CredentialPlace, credentialFrom, type Secret } from '@doorward/sdk/kernel'

/** The two tokens that a refresh token yields. */
export interface DerivedTokens {
  readonly refreshToken: Secret
  readonly accessToken: Secret
}

/**
 * Derives the successors of a refresh token by HMAC from the token itself and a server key. So requests that race
 * with one token get the same successor, a lost response can be given again, and no usable token is stored for it
 * (ADR 0016). The access token depends on its scopes and resources as well.
 *
 * @param presented the refresh token, as the client has it
 */
export function deriveTokens(
  key: Uint8Array,
  place: CredentialPlace,
  presented: string,
  purpose: { readonly scopes: readonly string[] | null; readonly resources: readonly string[] },
): DerivedTokens {
  const bits = (...parts: readonly string[]) =>
    createHmac('sha256', key)
      .update(JSON.stringify([presented, ...parts]))
      .digest()
  const scopes = purpose.scopes?.toSorted().join(' ') ?? '*'
  const resources = purpose.resources.toSorted().join(' ')
  return {
    refreshToken: credentialFrom('refresh_token', place, bits('refresh_token')),
    accessToken: credentialFrom('access_token', place, bits('access_token', scopes, resources)),
  }
}
