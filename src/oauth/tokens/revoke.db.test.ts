import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TestClient } from '../../../test/app.ts'
import { connect, type OAuthApp, openOAuthApp, pkce, post, redeem } from '../../../test/oauth.ts'

describe('revocation', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({
      oauth: {
        lifetimes: { accessSeconds: 600, refreshIdleSeconds: 86_400, refreshAbsoluteSeconds: 30 * 86_400 },
        ...{ grantSeconds: 10 * 86_400, documentHosts: 'none', registration: false },
      },
    })
  })
  after(() => oauth.close())

  const ask = (of: TestClient, path: string, form: Record<string, string>) =>
    post(oauth.origin, path, form, { basic: [of.client_id, of.client_secret] })
  const revoke = (of: TestClient, token: string, more = {}) => ask(of, '/oauth/revoke', { token, ...more })
  const connected = async (of: TestClient) => {
    const { verifier, challenge } = pkce()
    const back = await connect(oauth.jar, { client_id: of.client_id, code_challenge: challenge })
    return await redeem(oauth.origin, of, back, verifier)
  }
  const verdict = async (credential: string) => {
    const { body } = await oauth.app.call('POST', '/v1/verify', { credential })
    return body.valid ? 'accepted' : body.refusal.reason
  }
  const standing = async (of: TestClient) =>
    (await oauth.app.call('GET', `/v1/grants?client_id=${of.client_id}&state=active`)).body.data.length

  it('REV-01: a wrong or unknown hint is ignored; an expired or unknown token is not an error', async () => {
    const client = await oauth.app.clientFor(null)
    for (const token_type_hint of ['refresh_token', 'something_else']) {
      const tokens = await connected(client)
      const answer = await revoke(client, tokens.access_token, { token_type_hint })
      assert.deepEqual([answer.status, answer.body], [200, null])
      assert.equal(await verdict(tokens.access_token), 'revoked', token_type_hint)
    }
    const late = await connected(client)
    oauth.app.clock.advance({ seconds: 601 })
    assert.equal(await verdict(late.access_token), 'expired')
    for (const token of [late.access_token, 'at_live_nonsense', 'x'])
      assert.equal((await revoke(client, token)).status, 200)
  })

  it('REV-03: the last refresh token that is given back ends the grant, whatever has only run out beside it', async () => {
    const client = await oauth.app.clientFor(null)
    const first = await connected(client)
    await revoke(client, (await connected(client)).refresh_token)
    assert.equal(await standing(client), 1, 'the first one’s tokens live')
    assert.equal(await verdict(first.access_token), 'accepted')
    oauth.app.clock.advance({ days: 1 })
    const last = await connected(client)
    assert.equal((await revoke(client, last.refresh_token)).status, 200)
    assert.equal(await standing(client), 0)
    assert.equal(await verdict(last.access_token), 'revoked')
  })

  it('REF-07 REF-10: an expired grant ends its tokens, and the user is asked again', async () => {
    const client = await oauth.app.clientFor(null)
    let tokens = await connected(client)
    const refresh = () =>
      ask(client, '/oauth/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
    for (let day = 0; day < 9; day++) {
      oauth.app.clock.advance({ hours: 23 })
      tokens = (await refresh()).body
    }
    oauth.app.clock.advance({ hours: 23 })
    tokens = (await refresh()).body
    oauth.app.clock.advance({ hours: 9, seconds: 3_300 })
    tokens = (await refresh()).body
    assert.equal(tokens.expires_in, 300, 'no token outlives the grant')
    oauth.app.clock.advance({ seconds: 300 })
    assert.equal(await verdict(tokens.access_token), 'expired')
    const late = await refresh()
    assert.deepEqual([late.status, late.body.error], [400, 'invalid_grant'])
    assert.equal(await standing(client), 0)
    assert.equal(await verdict((await connected(client)).access_token), 'accepted')
  })

  it('CON-19: a client that is revoked has no grants left, and the log says of each why', async () => {
    const client = await oauth.app.clientFor('org_9')
    const tokens = await connected(client)
    assert.equal(await standing(client), 1)
    const path = `/v1/clients/${client.client_id}/revoke`
    const developer = await oauth.app.adminKeyWith(['clients:write'], 'org_9')
    await oauth.app.call('POST', path, { reason: 'test' }, { as: developer })
    assert.equal(await standing(client), 0, 'of users of other owners too')
    const { body } = await oauth.app.call('GET', '/v1/audit-events?action=grant.revoked&limit=1')
    const [{ owner_id, detail }] = body.data
    assert.deepEqual(
      [owner_id, detail.reason, detail.client_id],
      ['org_1', 'client_revoked', client.client_id],
    )
    assert.equal(await verdict(tokens.access_token), 'revoked')
  })
})
