import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as oauth from 'oauth4webapi'
import { openWorld, type World } from './world.ts'

// Stricter than most: it refuses responses that the RFCs do not allow, and names the sentence that they break.

const HTTP = { [oauth.allowInsecureRequests]: true }

describe('oauth4webapi', () => {
  let world: World
  let server: oauth.AuthorizationServer
  before(async () => {
    world = await openWorld()
    const issuer = new URL(world.issuer)
    const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...HTTP })
    server = await oauth.processDiscoveryResponse(issuer, answer)
  })
  after(() => world.close())

  async function connect(client: oauth.Client, proof: oauth.ClientAuth, redirectUri: string) {
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const url = new URL(server.authorization_endpoint ?? '')
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'orders:read',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString()
    const back = oauth.validateAuthResponse(server, client, await world.approve(url), state)
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      proof,
      back,
      redirectUri,
      verifier,
      HTTP,
    )
    return await oauth.processAuthorizationCodeResponse(server, client, answer)
  }

  it('META-02: finds everything it needs in the metadata', () => {
    assert.deepEqual(server.code_challenge_methods_supported, ['S256'])
    assert.equal(server.authorization_response_iss_parameter_supported, true)
    assert.deepEqual(server.response_types_supported, ['code'])
  })

  for (const [method, proofOf] of [
    ['client_secret_basic', oauth.ClientSecretBasic],
    ['client_secret_post', oauth.ClientSecretPost],
  ] as const)
    it(`TOK-10 TOK-16 TOK-17: authenticates a confidential client by ${method}`, async () => {
      const { clientId, clientSecret } = await world.confidential({ token_endpoint_auth_method: method })
      const client = { client_id: clientId }
      const proof = proofOf(clientSecret)
      const tokens = await connect(client, proof, world.redirectUri)
      assert.equal(await world.api(tokens.access_token), 200)
      const answer = await oauth.refreshTokenGrantRequest(
        server,
        client,
        proof,
        tokens.refresh_token ?? '',
        HTTP,
      )
      const renewed = await oauth.processRefreshTokenResponse(server, client, answer)
      assert.equal(await world.api(renewed.access_token), 200)
    })

  it('TOK-18: authenticates a client by private_key_jwt with ES256', async () => {
    const { publicKey, privateKey } = await oauth.generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'k1' }
    const { clientId } = await world.confidential({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
    })
    const proof = oauth.PrivateKeyJwt({ key: privateKey, kid: 'k1' })
    const tokens = await connect({ client_id: clientId }, proof, world.redirectUri)
    assert.equal(await world.api(tokens.access_token), 200)
  })

  it('AUZ-01 AUZ-06: connects a public client on the user’s machine, at any loopback port', async () => {
    const { clientId } = await world.publicClient(['http://127.0.0.1/callback'])
    const redirectUri = 'http://127.0.0.1:53211/callback'
    const tokens = await connect({ client_id: clientId }, oauth.None(), redirectUri)
    assert.equal(await world.api(tokens.access_token), 200)
  })
})
