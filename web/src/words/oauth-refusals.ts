/** Refusals of the OAuth endpoints in words, with the fix for the app's developer. By the API's `reason`. */
export interface RefusalWords {
  readonly what: string
  readonly fix: string
}

const SEND_AGAIN = 'Let the user allow the app again: the old code or token is spent.'
const ONE_METHOD = 'Send the credentials in one place only: in the header or in the body.'
const ASSERTION =
  'Make the assertion as RFC 7523 §3 says: a JWT signed with a key of the app, for this server.'

export const oauthRefusals: Readonly<Record<string, RefusalWords>> = {
  no_client: {
    what: 'No client was named',
    fix: 'Send client_id, or the credentials in the Authorization header.',
  },
  malformed_basic: {
    what: 'The Basic header cannot be read',
    fix: 'Send base64 of “client_id:client_secret” after the word Basic.',
  },
  unsupported_scheme: {
    what: 'Another scheme than Basic',
    fix: 'Use Basic, or send the credentials in the body.',
  },
  unsupported_assertion_type: {
    what: 'An unknown kind of assertion',
    fix: 'client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer.',
  },
  repeated_parameter: { what: 'A parameter came twice', fix: 'Send each parameter once (RFC 6749 §3.2).' },
  two_methods: { what: 'Credentials in two places', fix: ONE_METHOD },
  client_id_mismatch: { what: 'Two different client ids', fix: ONE_METHOD },
  unknown_client: {
    what: 'There is no such client',
    fix: 'Check the client id and the server: test apps are not in live.',
  },
  client_revoked: { what: 'The app is revoked', fix: 'Register a new app; users have to allow it again.' },
  client_suspended: {
    what: 'The app is suspended',
    fix: 'See the reason at the top of this page. Resume the app when it is settled.',
  },
  owner_suspended: {
    what: 'The owner is suspended',
    fix: 'Resume the owner: all of its apps and keys work again.',
  },
  method_not_registered: {
    what: 'It proves itself in a way that is not registered',
    fix: 'Set “authentication method” of this app to the one that it uses.',
  },
  secret_wrong: {
    what: 'The secret is wrong',
    fix: 'Compare the hint of the stored secret with those below. If it is lost, rotate.',
  },
  secret_revoked: { what: 'The secret was revoked', fix: 'Rotate, and deploy the new secret.' },
  secret_rotated: {
    what: 'The secret from before a rotation',
    fix: 'Some instance still has the old secret: deploy the new one there. The address below says where.',
  },
  secret_expired: { what: 'The secret has expired', fix: 'Rotate, and deploy the new secret.' },
  assertion_malformed: { what: 'The assertion is not a JWT', fix: ASSERTION },
  assertion_algorithm: {
    what: 'An algorithm that is not accepted',
    fix: 'Sign with RS256, PS256, ES256 or EdDSA; “none” and HMAC never work.',
  },
  assertion_keys_unavailable: {
    what: 'The keys of the app cannot be fetched',
    fix: 'Check that jwks_uri answers over https from the internet, with JSON.',
  },
  assertion_signature: {
    what: 'The signature does not fit any key of the app',
    fix: 'Publish the key that signs in jwks or at jwks_uri, with its kid. If it is not yours, somebody tries.',
  },
  assertion_issuer: { what: 'iss is not the client id', fix: 'Set iss to the client id.' },
  assertion_subject: { what: 'sub is not the client id', fix: 'Set sub to the client id.' },
  assertion_audience: {
    what: 'aud is another server',
    fix: 'Set aud to the issuer of this server, or to its token endpoint.',
  },
  assertion_expired: {
    what: 'The assertion has expired',
    fix: 'Make one for each request, and check the clock of that machine.',
  },
  assertion_lives_too_long: {
    what: 'The assertion lives too long',
    fix: 'Let exp be at most a few minutes after iat.',
  },
  assertion_not_yet_valid: {
    what: 'The assertion is not valid yet',
    fix: 'Check the clock of that machine: it is ahead.',
  },
  assertion_without_id: { what: 'The assertion has no jti', fix: 'Give each assertion a jti of its own.' },
  assertion_replayed: { what: 'The assertion was used before', fix: 'Make a new one for each request.' },
  too_many_failures: {
    what: 'Too many failed attempts',
    fix: 'Wait as long as Retry-After says, and mend the credentials first.',
  },
  credential_in_query: {
    what: 'A credential in the URL',
    fix: 'Send it in the body: URLs are written to logs.',
  },
  no_form: { what: 'Not a form', fix: 'Send POST with application/x-www-form-urlencoded.' },
  no_grant_type: {
    what: 'grant_type is missing',
    fix: 'Send grant_type=authorization_code, refresh_token or client_credentials.',
  },
  no_code: { what: 'code is missing', fix: 'Send the code that came to the redirect URI.' },
  no_code_verifier: {
    what: 'code_verifier is missing',
    fix: 'PKCE is required (RFC 7636): send the verifier of the challenge.',
  },
  no_refresh_token: { what: 'refresh_token is missing', fix: 'Send the latest refresh token of the app.' },
  no_token: { what: 'token is missing', fix: 'Send the token that is asked about.' },
  unsupported_grant_type: {
    what: 'An unknown grant type',
    fix: 'Use authorization_code, refresh_token or client_credentials.',
  },
  grant_type_not_registered: {
    what: 'A grant type that the app did not register',
    fix: 'Add it on the page “Change”, if the app needs it.',
  },
  client_without_owner: {
    what: 'An app without an owner asked for a token without a user',
    fix: 'client_credentials reach the data of the owner of the app: register the app for one.',
  },
  public_client: {
    what: 'A public client may not do this',
    fix: 'Introspection is for APIs: use a confidential client or an admin key.',
  },
  code_unknown: {
    what: 'No such code',
    fix: 'Use the code as it came, once, with the app that asked for it.',
  },
  code_expired: { what: 'The code has expired', fix: 'Exchange it within a minute after it came.' },
  code_of_another_client: {
    what: 'The code of another app',
    fix: 'Exchange it with the client id that asked for it.',
  },
  code_used_before: {
    what: 'The code was used before',
    fix: `Exchange a code once. Its tokens were ended, because somebody may have copied it. ${SEND_AGAIN}`,
  },
  code_verifier_wrong: {
    what: 'The verifier does not fit the challenge',
    fix: 'Keep the verifier with the browser that began; use S256.',
  },
  redirect_uri_differs: {
    what: 'Another redirect_uri than was asked with',
    fix: 'Send the same redirect_uri in both requests, byte for byte.',
  },
  refresh_token_unknown: {
    what: 'No such refresh token',
    fix: `Store the newest refresh token of every answer. ${SEND_AGAIN}`,
  },
  refresh_token_expired: { what: 'The refresh token has expired', fix: SEND_AGAIN },
  refresh_token_of_another_client: {
    what: 'The refresh token of another app',
    fix: 'Use each token with the app that got it.',
  },
  refresh_token_reused: {
    what: 'A spent refresh token came again',
    fix: `Let one instance refresh, and store the answer before the next. All tokens were ended: it may have been stolen. ${SEND_AGAIN}`,
  },
  refresh_token_not_repeatable: {
    what: 'A spent refresh token came again after the grace',
    fix: 'Repeat a lost request within the grace of this app.',
  },
  access_ended: { what: 'The access was ended', fix: SEND_AGAIN },
  grant_revoked: { what: 'The grant is revoked', fix: 'The user or staff took it away. Ask the user again.' },
  grant_expired: { what: 'The grant has expired', fix: 'Let the user allow the app again.' },
  scope_not_granted: {
    what: 'A scope that was not granted',
    fix: 'Ask for fewer scopes, or ask the user for more.',
  },
  no_scopes: {
    what: 'No scope is left',
    fix: 'The ceiling of the app has none of the granted scopes any more: add them below.',
  },
  resource_not_granted: {
    what: 'A resource that was not granted',
    fix: 'Send the same resource as when the user allowed it.',
  },
  resource_without_scopes: {
    what: 'No scope of that resource',
    fix: 'Ask for a scope of the API that resource names.',
  },
  admin_key_not_entitled: {
    what: 'An admin key without the permission “verify”',
    fix: 'Use an admin key that has it.',
  },
}
