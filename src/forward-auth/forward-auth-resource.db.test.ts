import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTestApp } from '../../test/app.ts'
import { eventually } from '../../test/eventually.ts'
import { openOAuthApp, post } from '../../test/oauth.ts'
import { readForwardAuth } from './forward-auth.wire.ts'

const INVOICES = 'https://invoices.example.com/'
const SPELLED = 'https://invoices.example.com'

function rulesOf(rules: readonly object[], more: object = {}) {
  const file = { proxy: 'caddy', proxies: ['127.0.0.1'], environment: 'live', rules, ...more }
  const read = readForwardAuth(file, ['live', 'test'])
  if (!read.ok) throw new Error(read.no.join('\n'))
  return read.value
}

describe('the API to which a proxy’s route belongs', () => {
  it('RS-06: refuses a token for another API, also where a rule requires no scope', async () => {
    const forwardAuth = rulesOf([
      { path: '/invoices/*', scopes: [], resource: INVOICES },
      { path: '/spelled/*', scopes: [], resource: SPELLED },
      { path: '/*', scopes: [] },
    ])
    const oauth = await openOAuthApp({ forwardAuth })
    const { app, origin } = oauth
    const api = await app.call('POST', '/v1/apis', { identifier: INVOICES, name: 'Invoices' })
    const scope = { name: 'invoices:read', description: 'See invoices', api_id: api.body.id }
    assert.equal((await app.call('POST', '/v1/scopes', scope)).status, 201)
    const csrfToken = async (name: string) => {
      const client = await app.clientFor('org_1', {
        scopes: [name],
        grant_types: ['client_credentials'],
        client_credentials_scopes: [name],
        redirect_uris: [],
      })
      const form = { grant_type: 'client_credentials' }
      const basic = [client.client_id, client.client_secret] as const
      return (await post(origin, '/oauth/token', form, { basic })).body.access_token
    }
    const ask = async (path: string, credential: string) => {
      const headers = {
        'x-forwarded-method': 'GET',
        'x-forwarded-uri': path,
        'x-forwarded-for': '203.0.113.9',
      }
      const answer = await fetch(`${origin}/v1/forward-auth`, {
        headers: { ...headers, authorization: `Bearer ${credential}` },
        signal: AbortSignal.timeout(60_000),
      })
      await answer.text()
      return answer.status
    }
    const [orders, invoices] = [await csrfToken('orders:read'), await csrfToken('invoices:read')]
    const { secret } = await app.keyFor('org_1')
    assert.deepEqual(
      [await ask('/', orders), await ask('/', invoices), await ask('/', secret)],
      [200, 401, 200],
    )
    for (const path of ['/invoices/7', '/spelled/7']) {
      const atInvoices = [orders, invoices, secret].map((each) => ask(path, each))
      assert.deepEqual(await Promise.all(atInvoices), [401, 200, 200], path)
    }
    await oauth.close()
  })

  it('OPS-10: logs a warning of undeclared scopes and APIs in the rules, once until that changes', async () => {
    const rules = [
      { path: '/a', scopes: ['orders:read', 'order:read'] },
      { path: '/b', scopes: [], resource: INVOICES },
      { path: '/c', scopes: [], resource: SPELLED },
    ]
    const app = await openTestApp({ forwardAuth: rulesOf(rules) })
    const warnings = () =>
      app
        .log()
        .split('\n')
        .filter((line) => line.includes('forward-auth rules name what is not declared'))
        .map((line) => JSON.parse(line))
        .map(({ scopes, resources }) => [...scopes, ...resources].join(' '))
    await eventually(async () => warnings().join('; '), `orders:read order:read ${INVOICES} ${SPELLED}`)
    await app.keyFor('org_1')
    await app.call('POST', '/v1/apis', { identifier: INVOICES, name: 'Invoices' })
    const changed = { description: 'See orders, all of them' }
    await app.call('PATCH', '/v1/scopes/orders:read', changed)
    await eventually(
      async () => warnings().join('; '),
      `orders:read order:read ${INVOICES} ${SPELLED}; order:read`,
    )
    await app.call('PATCH', '/v1/scopes/orders:read', { description: 'See orders' })
    await app.call('POST', '/v1/verify', { credential: 'x' })
    assert.equal(warnings().length, 2)
    await app.close()
  })
})
