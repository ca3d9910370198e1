/** Lifetimes of tokens, in seconds. */
export interface TokenLifetimes {
  readonly accessSeconds: number
  /** Idle lifetime of a refresh token. Each use gives its successor the same again. */
  readonly refreshIdleSeconds: number
  /** The user has to authorize again after this, however much the tokens were used. */
  readonly refreshAbsoluteSeconds: number
}

export const DEFAULT_TOKEN_LIFETIMES: TokenLifetimes = {
  accessSeconds: 600,
  refreshIdleSeconds: 30 * 86_400,
  refreshAbsoluteSeconds: 365 * 86_400,
}
