/**
 * The library of WebAuthn, loaded when the first passkey is used: with its parsers it would be a tenth of each server's
 * start.
 */
export const webAuthn = () => import('@simplewebauthn/server')
