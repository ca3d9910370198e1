import { problemBody } from '@doorward/sdk/kernel'

/**
 * Problems (RFC 9457) of the management API, in one table. The code is stable, the title describes the kind of problem,
 * and the detail says what happened in this request and what to do.
 */
export const PROBLEMS = {
  invalid_request: [400, 'The request is invalid'],
  unknown_field: [400, 'The request has an unknown field'],
  invalid_cursor: [400, 'The cursor is invalid'],
  search_too_broad: [400, 'The search matches too many keys'],
  selection_too_large: [400, 'The filter matches too many keys for one change'],
  unusable_logo: [400, 'The logo cannot be used'],
  identity_provider_unusable: [400, 'The identity provider cannot be used'],
  unknown_scope: [400, 'A scope is not in the catalogue'],
  deprecated_scope: [400, 'A scope is deprecated and cannot be granted'],
  unknown_api: [400, 'An API is not declared'],
  unknown_environment: [400, 'The environment is not configured'],
  expiry_in_past: [400, 'The expiry lies in the past'],
  lifetime_too_long: [400, 'The lifetime is longer than the policy allows'],
  never_expires_not_allowed: [400, 'The policy asks for an expiry'],
  overlap_too_long: [400, 'The overlap is longer than the policy allows'],
  ip_allowlist_required: [400, 'The policy asks for an allow-list of addresses'],
  scope_not_allowed: [400, 'The policy does not allow a scope'],
  unsuitable_acceptance: [400, 'A finding cannot be accepted until then'],
  policy_contradicts: [400, 'The rules of the policy contradict each other'],
  unsuitable_password: [400, 'The password is not suitable'],
  metadata_too_large: [400, 'The metadata is too large'],
  invalid_ip_range: [400, 'The allow-list cannot be used'],
  invalid_redirect_uri: [400, 'A redirect URI cannot be registered'],
  invalid_client_metadata: [400, 'The client metadata is inconsistent'],
  malformed_header: [400, 'The Authorization header is malformed'],
  two_credentials: [400, 'The request carries two different credentials'],
  credential_in_url: [400, 'The URL contains a credential'],
  no_credential: [401, 'No credential was presented'],
  invalid_token: [401, 'The credential is not accepted'],
  insufficient_permission: [403, 'The caller lacks a permission'],
  cross_site_request: [403, 'The request was sent by a page of another site'],
  environment_not_covered: [403, 'The caller is bound to other environments'],
  fresh_proof_required: [403, 'A fresh proof of who you are is required'],
  second_factor_required: [403, 'A second factor must be set up first'],
  proxy_not_trusted: [403, 'The caller is not a trusted proxy'],
  owner_not_covered: [403, 'The caller is bound to another owner'],
  exceeds_authority: [403, 'The caller cannot grant permissions that it lacks'],
  limits_not_permitted: [403, 'A caller that is bound to one owner cannot set limits'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'The path does not support this method'],
  key_revoked: [409, 'The key is revoked, which cannot be undone'],
  key_expired: [409, 'The key has expired'],
  key_disabled: [409, 'The key is disabled'],
  owner_suspended: [409, 'The owner is suspended'],
  too_many_keys: [409, 'The owner has reached the limit of keys'],
  client_revoked: [409, 'The client is revoked, which cannot be undone'],
  client_without_secret: [409, 'The client has no secret'],
  too_many_clients: [409, 'The owner has reached the limit of clients'],
  grant_revoked: [409, 'The grant is revoked, which cannot be undone'],
  rotation_running: [409, 'A rotation is already running'],
  no_rotation: [409, 'No rotation is running'],
  rotation_in_use: [409, 'The new secret is already in use'],
  undo_not_allowed: [409, 'The key cannot undo this rotation itself'],
  rotation_required: [409, 'The policy asks for a rotation first'],
  selection_changed: [409, 'The filter matches other keys than before'],
  remedy_not_applicable: [409, 'The remedy does not fit the finding'],
  finding_gone: [409, 'The finding does not hold any more'],
  finding_changed: [409, 'The remedy would do something else than was shown'],
  retiring_secret: [409, 'The secret that was presented is being replaced'],
  old_secret_in_use: [409, 'The old secret is still in use'],
  scope_exists: [409, 'The scope is already declared'],
  scope_in_use: [409, 'The scope is in use'],
  api_in_use: [409, 'The identifier belongs to another API'],
  last_administrator: [409, 'This is the last administrator'],
  own_account: [409, 'The staff member is yourself'],
  staff_exists: [409, 'A staff member with this e-mail address exists'],
  sso_not_configured: [409, 'Single sign-on is not configured'],
  sso_not_tested: [409, 'Single sign-on was not tested'],
  sso_required: [409, 'Single sign-on is required'],
  last_full_admin_key: [409, 'This is the last admin key with full permissions'],
  replay_unavailable: [409, 'The first response can no longer be read'],
  user_exists: [409, 'A user with this e-mail address exists'],
  no_built_in_login: [409, 'There is no built-in login'],
  user_disabled: [409, 'The user is disabled'],
  login_challenge_expired: [409, 'The login challenge has expired'],
  login_challenge_answered: [409, 'The login challenge was already answered'],
  sign_in_too_old: [409, 'A fresh sign-in is required'],
  changed_meanwhile: [412, 'It was changed meanwhile'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The content type is not supported'],
  idempotency_key_reused: [422, 'The Idempotency-Key was used for another request'],
  too_many_requests: [429, 'Too many requests with this credential'],
  too_many_verifiers: [429, 'Too many verifiers report'],
  header_too_large: [431, 'The headers are too large'],
  internal_error: [500, 'Internal error'],
  too_many_listeners: [503, 'Too many listeners'],
  too_many_reads: [503, 'Too many lists and reports at once'],
  database_timeout: [503, 'The database took too long'],
  stopping: [503, 'The server is stopping'],
  secret_not_set: [503, 'DOORWARD_SECRET is not set'],
  oauth_disabled: [503, 'OAuth is disabled'],
  too_many_passwords: [503, 'Too many passwords are being hashed'],
  database_unavailable: [503, 'The database does not answer'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof PROBLEMS

/** One fault of a request, with its place: a JSON pointer into the body, or the name of a parameter. */
export interface Fault {
  readonly at: string
  readonly message: string
}

export interface Problem {
  readonly code: ProblemCode
  /** The occurrence and the fix. Never contains internals or secrets. */
  readonly detail: string
  readonly faults?: readonly Fault[]
  /** Seconds after which the same request may succeed. */
  readonly retryAfterSeconds?: number
}

export function problem(
  code: ProblemCode,
  detail: string,
  more: Omit<Problem, 'code' | 'detail'> = {},
): Problem {
  return { code, detail, ...more }
}

/** The same bytes for an unknown id and for one of another owner. */
export const NOT_FOUND = problem('not_found', 'Nothing with this id is within reach of the caller.')

export function statusOf({ code }: Problem): number {
  return PROBLEMS[code][0]
}

/** Body of a problem, with the request id for support. */
export function toProblemWire({ code, detail, faults }: Problem, requestId: string): Record<string, unknown> {
  const [status, title] = PROBLEMS[code]
  return {
    ...problemBody(status, code, title, detail),
    request_id: requestId,
    ...(faults === undefined ? {} : { faults }),
  }
}
