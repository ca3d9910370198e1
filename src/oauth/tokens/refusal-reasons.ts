/**
 * Every refusal of the token, revocation and introspection endpoints except client authentication, with its error
 * code (RFC 6749 §5.2, RFC 8707 §2). The response has the error only; the reason is for the log and for the client's
 * developer.
 */
export const OAUTH_REFUSALS = {
  repeated_parameter: 'invalid_request',
  credential_in_query: 'invalid_request',
  no_form: 'invalid_request',
  no_grant_type: 'invalid_request',
  no_code: 'invalid_request',
  no_code_verifier: 'invalid_request',
  no_refresh_token: 'invalid_request',
  no_token: 'invalid_request',
  unsupported_grant_type: 'unsupported_grant_type',
  grant_type_not_registered: 'unauthorized_client',
  client_without_owner: 'unauthorized_client',
  public_client: 'unauthorized_client',
  code_unknown: 'invalid_grant',
  code_expired: 'invalid_grant',
  code_of_another_client: 'invalid_grant',
  code_used_before: 'invalid_grant',
  code_verifier_wrong: 'invalid_grant',
  redirect_uri_differs: 'invalid_grant',
  refresh_token_unknown: 'invalid_grant',
  refresh_token_expired: 'invalid_grant',
  refresh_token_of_another_client: 'invalid_grant',
  refresh_token_reused: 'invalid_grant',
  refresh_token_not_repeatable: 'invalid_grant',
  access_ended: 'invalid_grant',
  grant_revoked: 'invalid_grant',
  grant_expired: 'invalid_grant',
  owner_suspended: 'invalid_grant',
  scope_not_granted: 'invalid_scope',
  no_scopes: 'invalid_scope',
  resource_not_granted: 'invalid_target',
  resource_without_scopes: 'invalid_target',
} as const

export type OAuthRefusalReason = keyof typeof OAUTH_REFUSALS
export type OAuthErrorCode =
  | (typeof OAUTH_REFUSALS)[OAuthRefusalReason]
  | 'invalid_client'
  | 'temporarily_unavailable'
  | 'server_error'

export interface OAuthRefusal {
  readonly reason: OAuthRefusalReason
  readonly error: OAuthErrorCode
  /** For the client's developer. Repeats nothing of the request but names of scopes. */
  readonly description: string
}

export function refuse(
  reason: OAuthRefusalReason,
  description = BY_REASON.get(reason) ?? DESCRIPTIONS[OAUTH_REFUSALS[reason]],
): OAuthRefusal {
  return { reason, error: OAUTH_REFUSALS[reason], description }
}

const BY_REASON: ReadonlyMap<OAuthRefusalReason, string> = new Map([
  ['no_scopes', 'Of the granted scopes, none is left that the client may still have.'],
  ['resource_without_scopes', 'None of the scopes belongs to the resource.'],
])

/** By error code, where the reason must not be given. Characters: `%x20-21 / %x23-5B / %x5D-7E` (RFC 6749 §5.2). */
const DESCRIPTIONS: Readonly<Record<(typeof OAUTH_REFUSALS)[OAuthRefusalReason], string>> = {
  invalid_request: 'A parameter is missing, repeated or in the wrong place.',
  invalid_grant: 'The code or token is not valid, has been used, or was issued to another client.',
  invalid_scope: 'A scope was not granted.',
  invalid_target: 'The resource is not among those that were granted.',
  unauthorized_client: 'The client is not registered for this.',
  unsupported_grant_type: 'The grant type is not supported.',
}

export const REPEATED = refuse('repeated_parameter', 'A parameter is repeated.')
export const NO_TOKEN = refuse('no_token', 'token is missing.')
