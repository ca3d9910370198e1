import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestClient } from '../../../test/app.ts'
import { connect, type OAuthApp, openOAuthApp, pkce, post, redeem } from '../../../test/oauth.ts'

describe('introspection', () => {
  let oauth: OAuthApp
  let client: TestClient
  let adminKey: string
  before(async () => {
    oauth = await openOAuthApp()
    client = await oauth.app.clientFor('org_1', {
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      client_credentials_scopes: ['orders:read'],
    })
    adminKey = await oauth.app.adminKeyWith(['verify'])
  })
  after(() => oauth.close())

  const introspect = (token: string, as = adminKey) =>
    post(oauth.origin, '/oauth/introspect', { token }, { headers: { authorization: `Bearer ${as}` } })
  const seconds = () => Math.floor(oauth.app.clock.now().getTime() / 1000)

  it('REV-08: answers with the subject, audience, issue time and expiry of a token', async () => {
    const { verifier, challenge } = pkce()
    const back = await connect(oauth.jar, { client_id: client.client_id, code_challenge: challenge })
    const tokens = await redeem(oauth.origin, client, back, verifier)
    const { body: apis } = await oauth.app.call('GET', '/v1/apis')
    const { body } = await introspect(tokens.access_token)
    const { iss, aud, sub, client_id, scope, iat, exp, token_type } = body
    assert.deepEqual(
      { iss, aud, sub, client_id, scope, iat, exp, token_type },
      {
        iss: 'http://doorward.test',
        aud: [apis.data[0].identifier],
        sub: oauth.userId,
        client_id: client.client_id,
        scope: 'orders:read',
        iat: seconds(),
        exp: seconds() + 600,
        token_type: 'Bearer',
      },
    )
  })

  it('REV-08: the subject of a token without a user is the client', async () => {
    const basic = [client.client_id, client.client_secret] as const
    const { body: own } = await post(
      oauth.origin,
      '/oauth/token',
      { grant_type: 'client_credentials' },
      { basic },
    )
    const { body } = await introspect(own.access_token)
    assert.deepEqual([body.active, body.sub, body.user_id], [true, client.client_id, undefined])
  })

  it('REV-08 REV-10: answers with an expiry in a minute for a key without one, so that the answer is not cached', async () => {
    const { secret } = await oauth.app.keyFor('org_1')
    const { body } = await introspect(secret)
    assert.deepEqual([body.active, body.exp, body.iat], [true, seconds() + 60, seconds()])
    assert.equal(body.aud, undefined)
  })

  it('REV-08 KEY-11: the old secret of a rotation expires when the overlap ends', async () => {
    const { id, secret } = await oauth.app.keyFor('org_1', { lifetime_seconds: 86_400 })
    const { body: rotated } = await oauth.app.call('POST', `/v1/keys/${id}/rotate`, { overlap_seconds: 90 })
    assert.equal((await introspect(secret)).body.exp, seconds() + 90)
    assert.equal((await introspect(rotated.secret)).body.exp, seconds() + 86_400)
  })

  it('REV-05: an admin key without the permission learns nothing, and the log says so', async () => {
    const { secret } = await oauth.app.keyFor('org_1')
    for (const as of [await oauth.app.adminKeyWith(['keys:read']), 'nonsense', secret]) {
      const before = oauth.app.log().length
      const { status, body } = await introspect(secret, as)
      assert.deepEqual([status, body.error, body.active], [401, 'invalid_client', undefined])
      assert.match(oauth.app.log().slice(before), /"reason":"admin_key_not_entitled"/)
    }
  })
})
