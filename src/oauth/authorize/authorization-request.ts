/** Time to sign in and answer, in seconds. */
export const REQUEST_SECONDS = 1800

export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const
export type Prompt = (typeof PROMPTS)[number]

/** A client's request, stored until it is answered, so that nothing can be changed on the way through the browser. */
export interface AuthorizationRequest {
  readonly clientId: string
  /** One of the client's, byte for byte as requested. */
  readonly redirectUri: string
  /** Returned byte for byte; null: none. */
  readonly state: string | null
  /** Declared scopes within the client's ceiling, of the requested resources. */
  readonly scopes: readonly string[]
  /** API identifiers (RFC 8707); empty: none was requested. */
  readonly resources: readonly string[]
  /** S256. */
  readonly codeChallenge: string
  readonly prompt: readonly Prompt[]
  /** Most seconds since the user signed in; null: any. */
  readonly maxAge: number | null
  readonly loginHint: string | null
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** The client demands a sign-in of a certain age, so a user who is not signed in gets a fresh one. */
export function caresWhenSignedIn({ prompt, maxAge }: AuthorizationRequest): boolean {
  return prompt.includes('login') || maxAge !== null
}

/** The user has to sign in again. */
export function wantsFreshSignIn(
  { prompt, maxAge, createdAt }: AuthorizationRequest,
  authenticatedAt: Date,
): boolean {
  const agoMs = createdAt.getTime() - authenticatedAt.getTime()
  return (prompt.includes('login') && agoMs > 0) || (maxAge !== null && agoMs > maxAge * 1000)
}
