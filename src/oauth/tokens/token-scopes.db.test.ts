import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hashCredential } from '@doorward/sdk/kernel'
import type { TestClient } from '../../../test/app.ts'
import { connect, type OAuthApp, openOAuthApp, pkce, post, redeem } from '../../../test/oauth.ts'

const INVOICES = 'https://invoices.example.com/'

describe('what a token is for', () => {
  let oauth: OAuthApp
  let orders: string
  before(async () => {
    oauth = await openOAuthApp()
    await oauth.app.call('POST', '/v1/apis', { identifier: INVOICES, name: 'Invoices' })
    const { body } = await oauth.app.call('GET', '/v1/apis')
    const api = body.data.find((each: { identifier: string }) => each.identifier === INVOICES)
    await oauth.app.call('POST', '/v1/scopes', {
      name: 'invoices:read',
      description: 'See your invoices',
      api_id: api.id,
    })
    orders = body.data.find((each: { identifier: string }) => each.identifier !== INVOICES).identifier
  })
  after(() => oauth.close())

  const basicOf = (of: TestClient) => ({ basic: [of.client_id, of.client_secret] as const })
  const ask = (of: TestClient, form: Record<string, string>) =>
    post(oauth.origin, '/oauth/token', form, basicOf(of))
  const refreshed = (of: TestClient, refresh_token: string, more: Record<string, string> = {}) =>
    ask(of, { grant_type: 'refresh_token', refresh_token, ...more })
  const connected = async (of: TestClient, more: Record<string, string> = {}) => {
    const { verifier, challenge } = pkce()
    const back = await connect(oauth.jar, { client_id: of.client_id, code_challenge: challenge, ...more })
    return { back, redeem: () => redeem(oauth.origin, of, back, verifier) }
  }
  const verdict = async (credential: string, more: object = {}) => {
    const { status, body } = await oauth.app.call('POST', '/v1/verify', { credential, ...more })
    if (status !== 200) return body.code
    return body.valid ? [...body.principal.scopes].sort().join(' ') : body.refusal.reason
  }

  it('TOK-15: what a client may have without a user adds nothing to what a user can grant it', async () => {
    const client = await oauth.app.clientFor('org_1', {
      scopes: ['orders:read', 'orders:write'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      client_credentials_scopes: ['orders:read', 'orders:write'],
    })
    const tokens = await (await connected(client)).redeem()
    assert.equal(await verdict(tokens.access_token), 'orders:read orders:write')
    await oauth.app.call('PATCH', `/v1/clients/${client.client_id}`, { scopes: ['orders:read'] })
    assert.equal(await verdict(tokens.access_token), 'orders:read')
    const own = await ask(client, { grant_type: 'client_credentials' })
    assert.equal(await verdict(own.body.access_token), 'orders:read orders:write')
  })

  it('TOK-17: the answer says what verification allows, where the client’s ceiling was lowered since', async () => {
    const client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'orders:write'] })
    const lower = (scopes: string[]) => oauth.app.call('PATCH', `/v1/clients/${client.client_id}`, { scopes })
    const waiting = await connected(client)
    const other = await (await connected(client)).redeem()
    await lower(['orders:read'])
    const first = await waiting.redeem()
    assert.deepEqual([first.scope, await verdict(first.access_token)], ['orders:read', 'orders:read'])
    const next = await refreshed(client, other.refresh_token)
    assert.deepEqual([next.body.scope, await verdict(next.body.access_token)], ['orders:read', 'orders:read'])

    await lower([])
    const none = await refreshed(client, next.body.refresh_token)
    assert.deepEqual([none.status, none.body.error], [400, 'invalid_scope'], 'a token for nothing is none')
    assert.match(none.body.error_description, /Of the granted scopes, none is left/)
    await lower(['orders:read', 'orders:write'])
    const again = await refreshed(client, next.body.refresh_token)
    assert.equal(again.body.scope, 'orders:read orders:write', 'the refusal burnt nothing, and took nothing')
  })

  it('RS-06: without a resource the default API is meant, by whatever identifier it has', async () => {
    const client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'invoices:read'] })
    const { refresh_token } = await (await connected(client)).redeem()
    const forInvoices = await refreshed(client, refresh_token, { resource: INVOICES })
    const token = forInvoices.body.access_token
    const forBoth = await refreshed(client, forInvoices.body.refresh_token)
    assert.equal(await verdict(token), 'wrong_audience')
    assert.equal(await verdict(forBoth.body.access_token), 'invoices:read orders:read')
    const batch = await oauth.app.call('POST', '/v1/verify-batches', { verify: [{ credential: token }] })
    assert.equal(batch.body.data[0].refusal.reason, 'wrong_audience')
    const key = await oauth.app.keyFor('org_1')
    assert.equal(await verdict(key.secret), 'orders:read')

    const { body } = await oauth.app.call('GET', '/v1/apis')
    const { id } = body.data.find((each: { is_default: boolean }) => each.is_default)
    const rename = (identifier: string) => oauth.app.call('PATCH', `/v1/apis/${id}`, { identifier })
    await rename('https://orders.example.com')
    assert.equal(await verdict(forBoth.body.access_token), 'invoices:read orders:read')
    assert.equal(await verdict(forBoth.body.access_token, { resource: orders }), 'unknown_api')
    assert.equal(await verdict(token), 'wrong_audience')
    await rename(orders)
  })

  it('RS-06: the API may spell its identifier as a URL parser does, and as it is declared', async () => {
    const client = await oauth.app.clientFor(null, { scopes: ['invoices:read'] })
    const { access_token } = await (await connected(client)).redeem()
    const { origin } = new URL(INVOICES)
    for (const resource of [INVOICES, origin, `${origin}:443/`, origin.toUpperCase()])
      assert.equal(await verdict(access_token, { resource }), 'invoices:read', resource)
    assert.equal(await verdict(access_token, { resource: orders }), 'wrong_audience')
  })

  it('VER-22: rejects a request of an API that is not declared, where a token is refused for it', async () => {
    const client = await oauth.app.clientFor(null, { scopes: ['orders:read'] })
    const { access_token: credential } = await (await connected(client)).redeem()
    const { secret } = await oauth.app.keyFor('org_1', { quota: { limit: 5, period: 'day' } })
    const resource = 'https://orders.example/typo'
    for (const call of [
      oauth.app.call('POST', '/v1/verify', { credential, resource }),
      oauth.app.call('POST', '/v1/explanations', { secret_sha256: hashCredential(credential), resource }),
    ]) {
      const { status, body } = await call
      assert.deepEqual([status, body.code], [400, 'unknown_api'])
      assert.equal(body.detail, `No API "${resource}" is declared; see GET /v1/apis.`)
    }
    const verify = [{ credential: secret }, { credential, resource }]
    const batch = await oauth.app.call('POST', '/v1/verify-batches', { verify })
    assert.deepEqual([batch.status, batch.body.code], [400, 'unknown_api'])
    assert.match(batch.body.detail, /^\/verify\/1: No API /)
    const { body: quotas } = await oauth.app.call('POST', '/v1/verify', { credential: secret })
    assert.equal(quotas.limits[0].remaining, 4, 'the batch took no unit')
  })

  it('REF-06: a resource narrows one token to its API; the family keeps the rest', async () => {
    const client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'invoices:read'] })
    const first = await (await connected(client)).redeem()
    assert.equal(first.scope, 'orders:read invoices:read')
    const less = await refreshed(client, first.refresh_token, { resource: INVOICES })
    assert.equal(less.body.scope, 'invoices:read')
    assert.equal(await verdict(less.body.access_token, { resource: INVOICES }), 'invoices:read')
    assert.equal(await verdict(less.body.access_token, { resource: orders }), 'wrong_audience')
    const commas = await refreshed(client, less.body.refresh_token, { scope: 'orders:read,invoices:read' })
    assert.deepEqual(
      [commas.body.error, commas.body.error_description],
      [
        'invalid_scope',
        'The scope orders:read,invoices:read was not granted. Scopes are separated by spaces.',
      ],
    )
    const whole = await refreshed(client, less.body.refresh_token)
    assert.equal(whole.body.scope, 'orders:read invoices:read')
    const rest = { scope: 'orders:read', resource: INVOICES }
    const nothing = await refreshed(client, whole.body.refresh_token, rest)
    assert.deepEqual(
      [nothing.body.error, nothing.body.error_description],
      ['invalid_target', 'None of the scopes belongs to the resource.'],
    )
  })

  it('RS-06: a token is for the APIs of what it still may do, and for no other', async () => {
    const client = await oauth.app.clientFor(null, { scopes: ['orders:read', 'invoices:read'] })
    const all = await (await connected(client)).redeem()
    const { back, redeem: redeemed } = await connected(client, { resource: INVOICES })
    assert.ok(back.searchParams.get('code'))
    const invoices = await redeemed()
    assert.equal(await verdict(all.access_token, { resource: INVOICES }), 'invoices:read orders:read')
    await oauth.app.call('PATCH', `/v1/clients/${client.client_id}`, { scopes: ['orders:read'] })
    assert.equal(await verdict(all.access_token, { resource: INVOICES }), 'wrong_audience')
    assert.equal(await verdict(all.access_token, { resource: orders }), 'orders:read')
    assert.equal(await verdict(invoices.access_token, { resource: INVOICES }), 'wrong_audience')
  })

  it('TOK-15: without a user, a refusal names the scope, or says that the resource left none', async () => {
    const client = await oauth.app.clientFor('org_1', {
      scopes: [],
      redirect_uris: [],
      grant_types: ['client_credentials'],
      client_credentials_scopes: ['orders:read', 'invoices:read'],
    })
    const own = async (more: Record<string, string>) => {
      const { body } = await ask(client, { grant_type: 'client_credentials', ...more })
      return [body.error, body.error_description]
    }
    assert.deepEqual(await own({ scope: 'orders:write' }), [
      'invalid_scope',
      'The scope orders:write is not listed for this client.',
    ])
    assert.deepEqual(await own({ scope: 'orders:read', resource: INVOICES }), [
      'invalid_target',
      'None of the scopes belongs to the resource.',
    ])
  })
})
