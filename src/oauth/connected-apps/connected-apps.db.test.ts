import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openJar } from '../../../test/cookie-jar.ts'
import { connect, type OAuthApp, openOAuthApp, pkce, post, redeem } from '../../../test/oauth.ts'

describe('connected apps', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp()
  })
  after(() => oauth.close())

  const connected = async (ownerId: string | null = null) => {
    const { client_id: clientId } = await oauth.app.clientFor(ownerId)
    if (ownerId !== null) await oauth.app.call('POST', `/v1/clients/${clientId}/publish`)
    await connect(oauth.jar, { client_id: clientId, code_challenge: pkce().challenge })
    const { body } = await oauth.app.call('GET', `/v1/grants?client_id=${clientId}`)
    const id = body.data[0].id as string
    return { clientId, id, page: () => oauth.jar.get(`/connected-apps?app=${id}`) }
  }
  const stateOf = async (id: string) => (await oauth.app.call('GET', `/v1/grants/${id}`)).body.state
  const listed = async (state: string, clientId: string) =>
    (await oauth.app.call('GET', `/v1/grants?state=${state}&client_id=${clientId}`)).body.data.length

  const STOPS: readonly [what: string, owner: string | null, path: (id: string) => string][] = [
    ['suspended', null, (id) => `/v1/clients/${id}/suspend`],
    ['of a suspended owner', 'org_dev', () => '/v1/owners/org_dev/suspend'],
  ]
  for (const [what, ownerId, path] of STOPS)
    it(`CON-21: an app that is ${what} is called stopped, to its user and over the API`, async () => {
      const { clientId, id, page } = await connected(ownerId)
      assert.equal(await stateOf(id), 'active')
      assert.doesNotMatch((await page()).text, /is stopped/)
      const { status, text } = await oauth.app.call('POST', path(clientId), { reason: 'test' })
      assert.equal(status, 200, text)
      assert.deepEqual(
        [await stateOf(id), await listed('active', clientId), await listed('stopped', clientId)],
        ['stopped', 0, 1],
      )
      assert.match((await page()).text, /This app is stopped/)
      assert.match((await oauth.jar.get('/connected-apps')).text, /This app is stopped/)
      await oauth.jar.submit(await page(), { decision: 'remove' })
      assert.equal(await stateOf(id), 'revoked')
    })

  it('CON-19: an app that is revoked is gone from them, and what it was granted has ended', async () => {
    const { clientId, id } = await connected()
    await oauth.app.call('POST', `/v1/clients/${clientId}/revoke`, { reason: 'test' })
    assert.equal(await stateOf(id), 'revoked')
    assert.doesNotMatch((await oauth.jar.get('/connected-apps')).text, new RegExp(id))
  })

  it('CON-19: the same as JSON, to the session alone; what it holds is enough to reduce and to remove', async () => {
    const { clientId, id } = await connected()
    const mine = async () => {
      const { data } = JSON.parse((await oauth.jar.get('/connected-apps.json')).text)
      return data.find((each: { id: string }) => each.id === id)
    }
    const namesOf = ({ scopes }: { scopes: { name: string }[] }) => scopes.map(({ name }) => name).sort()
    const app = await mine()
    assert.deepEqual([app.client_id, app.owner_id], [clientId, 'org_1'])
    assert.ok(namesOf(app).includes('orders:read'))
    const stranger = await openJar(oauth.origin).get('/connected-apps.json')
    assert.deepEqual([stranger.status, stranger.text], [401, '{"error":"not_signed_in"}'])
    const headers = { authorization: `Bearer ${oauth.app.adminKey}` }
    assert.equal((await fetch(`${oauth.origin}/connected-apps.json`, { headers })).status, 401)

    const send = async (token: string, ...more: [string, string][]) =>
      (await oauth.jar.post('/connected-apps', [['app', id], ['csrf_token', token], ...more])).status
    assert.equal(await send('x', ['decision', 'remove']), 403)
    assert.equal(await send(app.csrf_token, ['decision', 'reduce'], ['scope', 'orders:read']), 303)
    assert.deepEqual(namesOf(await mine()), ['orders:read'])
    assert.equal(await send(app.csrf_token, ['decision', 'remove']), 303)
    assert.equal(await mine(), undefined)
    assert.equal(await stateOf(id), 'revoked')
  })

  it('CON-19: nothing is removed unless the form says so', async () => {
    const { id, page } = await connected()
    for (const fields of [{}, { decision: '' }, { decision: 'Remove' }]) {
      const answer = await oauth.jar.submit(await page(), fields)
      assert.equal(answer.status, 422, JSON.stringify(fields))
      assert.equal(await stateOf(id), 'active')
    }
  })

  it('CON-16, CON-19, REF-06: two hundred long scopes can be allowed, kept and asked for again', async () => {
    const { app, jar, origin } = oauth
    const { body: apis } = await app.call('GET', '/v1/apis')
    const scopes = Array.from({ length: 200 }, (_, n) => `${'s'.repeat(60)}${n}:${'a'.repeat(17)}`)
    const declared = { api_id: apis.data[0].id, description: 'See it', sensitivity: 'basic' } as const
    const rest = { implies: [], deprecated_at: null, created_at: app.clock.now() }
    await app.db
      .insertInto('scopes')
      .values(scopes.map((name) => ({ name, ...declared, ...rest })))
      .execute()
    const client = await app.clientFor(null, { scopes })
    const { challenge, verifier } = pkce()
    const asked = { client_id: client.client_id, code_challenge: challenge, scope: undefined }
    const tokens = await redeem(origin, client, await connect(jar, asked), verifier)
    assert.equal(tokens.scope.split(' ').length, scopes.length)

    const { body: grants } = await app.call('GET', `/v1/grants?client_id=${client.client_id}`)
    const page = await jar.get(`/connected-apps?app=${grants.data[0].id}`)
    const kept = scopes.slice(1).map((scope): [string, string] => ['scope', scope])
    assert.equal((await jar.submit(page, [...kept, ['decision', 'reduce']])).status, 303)

    const again = await post(
      origin,
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, scope: scopes.join(' ') },
      { basic: [client.client_id, client.client_secret] },
    )
    assert.equal(again.status, 200, JSON.stringify(again.body).slice(0, 300))
    assert.equal(again.body.scope.split(' ').length, scopes.length - 1)
  })
})
