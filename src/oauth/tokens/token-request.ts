import { no, type Result, yes } from '../../base/result.ts'
import { GRANT_TYPES, type GrantType } from '../../clients/client.ts'
import { type OAuthRefusal, REPEATED, refuse } from './oauth-refusal.ts'
import { NOT_OPENID_CONNECT, readRequestedScopes } from './requested-scopes.ts'

/** What a client asks of the token endpoint, whoever it is (RFC 6749 §4.1.3, §4.4.2, §6; RFC 8707 §2.2). */
export type TokenRequest =
  | {
      readonly grantType: 'authorization_code'
      readonly code: string
      readonly codeVerifier: string
      /** Null where it was left out, as OAuth 2.1 has it. */
      readonly redirectUri: string | null
      readonly wish: RequestedAccess
    }
  | { readonly grantType: 'refresh_token'; readonly refreshToken: string; readonly wish: RequestedAccess }
  | { readonly grantType: 'client_credentials'; readonly wish: RequestedAccess }

export interface RequestedAccess {
  /** Null: all that was granted. */
  readonly scopes: readonly string[] | null
  readonly resources: readonly string[]
}

/** The only parameter that may be sent more than once. */
const REPEATABLE = 'resource'

/** The value of each parameter that was sent with one; null where one was repeated (RFC 6749 §3.2). */
export function readParameters(form: URLSearchParams): ReadonlyMap<string, string> | null {
  const read = new Map<string, string>()
  const seen = new Set<string>()
  for (const [name, value] of form) {
    if (name === REPEATABLE) continue
    if (seen.has(name)) return null
    seen.add(name)
    if (value !== '') read.set(name, value)
  }
  return read
}

export function readTokenRequest(form: URLSearchParams): Result<TokenRequest, OAuthRefusal> {
  const read = readParameters(form)
  if (read === null) return no(REPEATED)
  const given = read.get('grant_type')
  if (given === undefined) return no(refuse('no_grant_type', 'grant_type is missing.'))
  const grantType = GRANT_TYPES.find((each): each is GrantType => each === given)
  if (grantType === undefined) return no(refuse('unsupported_grant_type'))
  const scopes = readRequestedScopes(read.get('scope'))
  if (scopes === 'about_the_user') return no(refuse('scope_not_granted', NOT_OPENID_CONNECT))
  const wish = { scopes, resources: resourcesOf(form) }

  if (grantType === 'client_credentials') return yes({ grantType, wish })
  if (grantType === 'refresh_token') {
    const refreshToken = read.get('refresh_token')
    if (refreshToken === undefined) return no(refuse('no_refresh_token', 'refresh_token is missing.'))
    return yes({ grantType, refreshToken, wish })
  }
  const code = read.get('code')
  const codeVerifier = read.get('code_verifier')
  if (code === undefined) return no(refuse('no_code', 'code is missing.'))
  if (codeVerifier === undefined)
    return no(refuse('no_code_verifier', 'code_verifier is missing: every client uses PKCE.'))
  // A scope here is no parameter of this grant (RFC 6749 §4.1.3), and unknown parameters are passed over.
  const redirectUri = read.get('redirect_uri') ?? null
  return yes({ grantType, code, codeVerifier, redirectUri, wish: { ...wish, scopes: null } })
}

export function resourcesOf(form: URLSearchParams): readonly string[] {
  return [...new Set(form.getAll(REPEATABLE).filter((resource) => resource !== ''))]
}
