import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openJar } from '../../../test/cookie-jar.ts'
import {
  allow,
  arrive,
  authorizePath,
  type OAuthApp,
  openOAuthApp,
  pkce,
  ticked,
} from '../../../test/oauth.ts'
import { makeUser } from '../../../test/sign-in.ts'

describe('consent', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp()
  })
  after(() => oauth.close())

  const newClient = async () =>
    (await oauth.app.clientFor(null, { scopes: ['orders:read', 'orders:write'] })).client_id
  const path = (client_id: string, more: Record<string, string> = {}) =>
    authorizePath({ client_id, code_challenge: pkce().challenge, ...more })
  const scopesOf = async (id: string) =>
    (await oauth.app.call('GET', `/v1/grants?client_id=${id}`)).body.data.map(
      ({ scopes }: { scopes: string[] }) => scopes,
    )
  const LEFT_OUT: [string, string][] = [
    ['scope', 'orders:read'],
    ['decision', 'allow'],
  ]

  it('CON-15 CON-16: never grants what was unticked, whatever another tab has said meanwhile', async () => {
    const id = await newClient()
    const jar = openJar(oauth.origin)
    const tab = () => arrive(jar, path(id))
    const [one, two, three] = [await tab(), await tab(), await tab()]
    const only = (scope: string): [string, string][] => [
      ['scope', scope],
      ['decision', 'allow'],
    ]
    assert.ok((await jar.submit(one, only('orders:read'))).location)
    const answer = await jar.submit(two, only('orders:write'))
    assert.deepEqual([answer.status, answer.location], [422, null])
    assert.match(answer.text, /has changed since it was shown.*You allowed before: Allows orders:read/s)
    assert.deepEqual(await scopesOf(id), [['orders:read']])
    await allow(jar, answer)
    assert.deepEqual(await scopesOf(id), [['orders:read', 'orders:write']])
    assert.ok(
      (await jar.submit(three, only('orders:read'))).location,
      'all of it was asked there, and is again',
    )
    assert.deepEqual(await scopesOf(id), [['orders:read']])
  })

  const CHANGES: readonly [what: string, change: (id: string) => readonly [string, string, object]][] = [
    [
      'a scope becomes required',
      (id) => ['PATCH', `/v1/clients/${id}`, { required_scopes: ['orders:write'] }],
    ],
    ['a sentence is another', () => ['PATCH', '/v1/scopes/orders:write', { description: 'Do anything' }]],
    ['a scope becomes sensitive', () => ['PATCH', '/v1/scopes/orders:write', { sensitivity: 'sensitive' }]],
    ['the app has another name', (id) => ['PATCH', `/v1/clients/${id}`, { name: 'Your bank' }]],
  ]
  for (const [what, change] of CHANGES)
    it(`CON-15 CON-16: covers what was shown only: where ${what} meanwhile, the page is shown again and nothing is granted`, async () => {
      const id = await newClient()
      const jar = openJar(oauth.origin)
      const page = await arrive(jar, path(id))
      const { status, text } = await oauth.app.call(...change(id))
      assert.equal(status, 200, text)
      const answer = await jar.submit(page, LEFT_OUT)
      assert.deepEqual([answer.status, answer.location], [422, null])
      assert.deepEqual(await scopesOf(id), [])
      assert.ok((await allow(jar, answer)).searchParams.get('code'), 'what is shown now can be allowed')
    })

  it('CON-16: what was shown cannot be said to have been something else', async () => {
    const jar = openJar(oauth.origin)
    const page = await arrive(jar, path(await newClient()))
    assert.equal((await jar.submit(page, [...LEFT_OUT, ['shown', 'x']])).status, 403)
  })

  it('CON-15: the page names the duration and the API, and Deny is as prominent as Allow', async () => {
    const { body: api } = await oauth.app.call('POST', '/v1/apis', {
      identifier: 'https://api.example.com',
      name: 'Orders',
    })
    await oauth.app.call('POST', '/v1/scopes', {
      name: 'parcels:read',
      description: 'See your parcels',
      api_id: api.id,
    })
    const { client_id: id } = await oauth.app.clientFor(null, { scopes: ['parcels:read'] })
    const page = await arrive(openJar(oauth.origin), path(id, { resource: 'https://api.example.com' }))
    assert.match(page.text, /At <strong>https:\/\/api\.example\.com<\/strong> only\./)
    assert.match(page.text, /while you are away, until you withdraw it/)
    assert.match(page.text, /<button name="decision" value="allow">.*<button name="decision" value="deny">/s)
  })
})

describe('a user who cannot consent', () => {
  let oauth: OAuthApp
  before(async () => {
    oauth = await openOAuthApp({ owners: [] })
  })
  after(() => oauth.close())

  const rows: readonly [what: string, setUp: () => Promise<string>][] = [
    [
      'to a draft whose tester they are not',
      async () => (await oauth.app.clientFor(null, { draft: true })).client_id,
    ],
    ['without a workspace', async () => (await oauth.app.clientFor(null)).client_id],
  ]
  for (const [what, setUp] of rows)
    it(`CON-20 AUZ-15: ${what} can go back to the app, which gets access_denied`, async () => {
      const jar = openJar(oauth.origin)
      const client_id = await setUp()
      const asked = { client_id, code_challenge: pkce().challenge, state: 's 1' }
      const page = await arrive(jar, authorizePath(asked))
      assert.deepEqual([page.status, page.location], [403, null])
      assert.doesNotMatch(page.headers.get('content-security-policy') ?? '', /form-action/)
      const back = await jar.submit(page, { decision: 'back' })
      assert.equal(back.status, 303)
      const said = new URL(back.location ?? '').searchParams
      assert.deepEqual(
        [said.get('error'), said.get('state'), said.get('iss')],
        ['access_denied', 's 1', 'http://doorward.test'],
      )
      const twice = await jar.submit(page, { decision: 'back' })
      assert.equal(twice.location, back.location, 'two clicks lead where one does')
      oauth.app.clock.advance({ seconds: 60 })
      assert.equal((await jar.submit(page, { decision: 'back' })).status, 400, 'it is over')
      const tried = await jar.submit(await arrive(jar, authorizePath(asked)), { decision: 'allow' })
      assert.deepEqual([tried.status, tried.location], [403, null])
    })

  it('CON-20: a user whose workspace was suspended meanwhile can go back; with a suspended app no user can', async () => {
    const email = 'late@example.com'
    await makeUser(oauth.app, email, ['org_late'])
    const { client_id } = await oauth.app.clientFor(null)
    const asked = authorizePath({ client_id, code_challenge: pkce().challenge })
    const jar = openJar(oauth.origin)
    const page = await arrive(jar, asked, email)
    await oauth.app.call('POST', '/v1/owners/org_late/suspend', { reason: 'test' })
    const stopped = await jar.submit(page, [...ticked(page), ['decision', 'allow']])
    assert.equal(stopped.status, 403)
    const back = await jar.submit(stopped, { decision: 'back' })
    assert.match(back.location ?? '', /error=access_denied/)
    const again = await arrive(jar, asked, email)
    await oauth.app.call('POST', `/v1/clients/${client_id}/suspend`, { reason: 'test' })
    const over = await jar.submit(again, { decision: 'allow' })
    assert.deepEqual([over.status, over.location, /<form/.test(over.text)], [400, null, false])
  })
})
