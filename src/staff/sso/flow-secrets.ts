import { createHmac } from 'node:crypto'

/** The values that tie a sign-in at the provider to the browser that began it. */
export interface FlowSecrets {
  readonly state: string
  readonly nonce: string
  /** PKCE (RFC 7636 §4.1). */
  readonly codeVerifier: string
}

/**
 * Derives the secrets of a flow from the browser's cookie (HMAC): only that browser has them, and the database holds
 * hashes alone.
 */
export function secretsOf(token: string): FlowSecrets {
  const derive = (purpose: string) => createHmac('sha256', token).update(purpose).digest('base64url')
  return {
    state: derive('single sign-on: state'),
    nonce: derive('single sign-on: nonce'),
    codeVerifier: derive('single sign-on: code verifier'),
  }
}
