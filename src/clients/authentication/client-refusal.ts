/**
 * Every refusal of client authentication, with its error code (RFC 6749 §5.2). The response has the error only; the
 * reason is for the log and for the client's owner.
 */
export const CLIENT_REFUSALS = {
  no_client: 'invalid_client',
  malformed_basic: 'invalid_client',
  unsupported_scheme: 'invalid_client',
  unsupported_assertion_type: 'invalid_client',
  repeated_parameter: 'invalid_request',
  two_methods: 'invalid_request',
  client_id_mismatch: 'invalid_request',
  unknown_client: 'invalid_client',
  client_revoked: 'invalid_client',
  client_suspended: 'invalid_client',
  owner_suspended: 'invalid_client',
  method_not_registered: 'invalid_client',
  secret_wrong: 'invalid_client',
  secret_revoked: 'invalid_client',
  secret_rotated: 'invalid_client',
  secret_expired: 'invalid_client',
  assertion_malformed: 'invalid_client',
  assertion_algorithm: 'invalid_client',
  assertion_keys_unavailable: 'invalid_client',
  assertion_signature: 'invalid_client',
  assertion_issuer: 'invalid_client',
  assertion_subject: 'invalid_client',
  assertion_audience: 'invalid_client',
  assertion_expired: 'invalid_client',
  assertion_lives_too_long: 'invalid_client',
  assertion_not_yet_valid: 'invalid_client',
  assertion_without_id: 'invalid_client',
  assertion_replayed: 'invalid_client',
  too_many_failures: 'invalid_client',
} as const satisfies Record<string, 'invalid_client' | 'invalid_request'>

export type ClientRefusalReason = keyof typeof CLIENT_REFUSALS

/**
 * True where the refusal is about an assertion that names a client. Its owner finds the reason in the list of refused
 * requests, because the response has none. If the signature failed, it may be an attacker's attempt.
 */
export function isOfAssertion(reason: ClientRefusalReason): boolean {
  return reason.startsWith('assertion_')
}

export interface ClientRefusal {
  readonly reason: ClientRefusalReason
  readonly error: (typeof CLIENT_REFUSALS)[ClientRefusalReason]
  /** The claimed client id, for the log; null: none, or not a possible id. */
  readonly clientId: string | null
  /** Then the 401 has `WWW-Authenticate: Basic` (RFC 6749 §5.2). */
  readonly usedBasic: boolean
  /** Advice, where a known client may read it. */
  readonly advice?: string
}

export function refuseClient(
  reason: ClientRefusalReason,
  {
    clientId = null,
    usedBasic = false,
    advice,
  }: { clientId?: string | null; usedBasic?: boolean; advice?: string | undefined } = {},
): ClientRefusal {
  const plausible = clientId !== null && /^[\x21-\x7e]{1,200}$/.test(clientId)
  return {
    reason,
    error: CLIENT_REFUSALS[reason],
    clientId: plausible ? clientId : null,
    usedBasic,
    ...(advice === undefined ? {} : { advice }),
  }
}
