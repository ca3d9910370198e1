/** How long tokens live, in seconds. */
export interface TokenLifetimes {
  readonly accessSeconds: number
  /** A refresh token that nobody uses for so long is over; each use gives the next one the same again. */
  readonly refreshIdleSeconds: number
  /** The user is asked anew after this, however much the tokens were used. */
  readonly refreshAbsoluteSeconds: number
}

export const DEFAULT_TOKEN_LIFETIMES: TokenLifetimes = {
  accessSeconds: 600,
  refreshIdleSeconds: 30 * 86_400,
  refreshAbsoluteSeconds: 365 * 86_400,
}
