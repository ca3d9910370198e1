/** How long a user may take to sign in and to answer, in seconds. */
export const REQUEST_SECONDS = 1800

export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const
export type Prompt = (typeof PROMPTS)[number]

/** What an app asked for, kept here from the first look to the answer, so that nothing can be changed on the way. */
export interface AuthorizationRequest {
  readonly clientId: string
  /** One of the client's, byte for byte as it was asked for. */
  readonly redirectUri: string
  /** Returned as it came; null where there was none. */
  readonly state: string | null
  /** Known, within the client's ceiling and of the resources asked for. */
  readonly scopes: readonly string[]
  /** API identifiers (RFC 8707); empty: none was asked for. */
  readonly resources: readonly string[]
  /** S256. */
  readonly codeChallenge: string
  readonly prompt: readonly Prompt[]
  /** How long ago the user may have signed in at most, in seconds; null: any time. */
  readonly maxAge: number | null
  readonly loginHint: string | null
  readonly createdAt: Date
  readonly expiresAt: Date
}

/** Whether it matters to the app when the user signs in: whoever is not signed in here has to do so now. */
export function caresWhenSignedIn({ prompt, maxAge }: AuthorizationRequest): boolean {
  return prompt.includes('login') || maxAge !== null
}

/** Whether the user has to prove anew who they are. */
export function wantsFreshSignIn(
  { prompt, maxAge, createdAt }: AuthorizationRequest,
  authenticatedAt: Date,
): boolean {
  const agoMs = createdAt.getTime() - authenticatedAt.getTime()
  return (prompt.includes('login') && agoMs > 0) || (maxAge !== null && agoMs > maxAge * 1000)
}
