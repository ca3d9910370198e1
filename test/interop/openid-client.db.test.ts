import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, it } from 'node:test'
import * as client from 'openid-client'
import { openWorld, type World } from './world.ts'

let world: World
let config: client.Configuration
before(async () => {
  world = await openWorld()
  config = await discover()
})

/** A new client, after discovery of the server. */
async function discover(): Promise<client.Configuration> {
  const { clientId, clientSecret } = await world.confidential({
    token_endpoint_auth_method: 'client_secret_post',
  })
  return await client.discovery(new URL(world.issuer), clientId, clientSecret, undefined, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  })
}
after(() => world.close())

async function connect(scope: string): Promise<client.TokenEndpointResponse> {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: world.redirectUri,
    scope,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const back = await world.approve(url)
  return await client.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier,
    expectedState: state,
  })
}

it('META-01 AUZ-10 REF-01 REV-03: openid-client discovers, connects, refreshes, introspects and revokes', async () => {
  const first = await connect('orders:read orders:write')
  assert.equal(first.token_type, 'bearer')
  assert.equal(first.scope, 'orders:read orders:write')
  assert.equal(await world.api(first.access_token), 200)

  const second = await client.refreshTokenGrant(config, first.refresh_token ?? '')
  assert.notEqual(second.access_token, first.access_token)
  assert.notEqual(second.refresh_token, first.refresh_token)
  assert.equal(await world.api(second.access_token), 200)

  const told = await client.tokenIntrospection(config, second.access_token)
  assert.deepEqual([told.active, told.sub, told.scope], [true, world.userId, 'orders:read orders:write'])

  await client.tokenRevocation(config, second.refresh_token ?? '')
  assert.equal((await client.tokenIntrospection(config, second.access_token)).active, false)
  assert.equal(await world.api(second.access_token), 401)
  await assert.rejects(client.refreshTokenGrant(config, second.refresh_token ?? ''), {
    error: 'invalid_grant',
  })
})

it('TOK-10: the code of the guide connects a client that was created without a method', async () => {
  const guide = readFileSync(new URL('../../docs/guides/connect-apps.md', import.meta.url), 'utf8')
  const [, lines = ''] = /```ts\nimport \* as client from 'openid-client'\n(.*?)```/s.exec(guide) ?? []
  assert.ok(lines.includes('refreshTokenGrant'))
  const names = ['client', 'url', 'clientId', 'clientSecret', 'redirectUri', 'browserGoesTo']
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor
  const run = new AsyncFunction(...names, `${lines}; return later`)
  const { clientId, clientSecret } = await world.confidential({})
  const approve = (url: URL) => world.approve(url)
  const later = await run(client, world.issuer, clientId, clientSecret, world.redirectUri, approve)
  assert.equal(await world.api(later.access_token), 200)
})

it('CON-20: openid-client receives a denied consent with state and issuer', async () => {
  const state = client.randomState()
  const another = await discover()
  const url = client.buildAuthorizationUrl(another, {
    redirect_uri: world.redirectUri,
    scope: 'orders:read',
    state,
    code_challenge: await client.calculatePKCECodeChallenge('a'.repeat(43)),
    code_challenge_method: 'S256',
  })
  const back = await world.deny(url)
  const checks = { pkceCodeVerifier: 'a'.repeat(43), expectedState: state }
  await assert.rejects(client.authorizationCodeGrant(another, back, checks), { error: 'access_denied' })
})

it('TOK-15: openid-client gets a token by client_credentials, for the scopes that an administrator has listed', async () => {
  const { clientId, clientSecret } = await world.machine()
  const machine = await client.discovery(
    new URL(world.issuer),
    clientId,
    clientSecret,
    client.ClientSecretBasic(clientSecret),
    {
      algorithm: 'oauth2',
      execute: [client.allowInsecureRequests],
    },
  )
  const answer = await client.clientCredentialsGrant(machine, { scope: 'orders:read' })
  assert.deepEqual([answer.scope, answer.refresh_token], ['orders:read', undefined])
  assert.equal(await world.api(answer.access_token), 200)
})
